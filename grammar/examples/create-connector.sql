-- Names of connector properties keep their case.
CREATE SOURCE CONNECTOR people WITH (
  'connector.class' = 'example.PeopleSource',
  'tasks.max' = 2,
  "topic.prefix" = 'people-'
);
CREATE SINK CONNECTOR IF NOT EXISTS archive WITH ('connector.class' = 'example.ArchiveSink', 'compress' = TRUE);
