/** One kind of statement: what it is for; its examples are in `grammar/examples/<example>.sql`, its grammar in the rules of `sql.ebnf`. */
export interface StatementPage {
  readonly example: string;
  readonly title: string;
  readonly text: string;
  /** Names of the rules that show how it is written. */
  readonly rules: readonly string[];
}

export const STATEMENT_PAGES: readonly { readonly heading: string; readonly pages: readonly StatementPage[] }[] = [
  {
    heading: 'Streams, tables and types',
    pages: [
      {
        example: 'create-source',
        title: 'CREATE STREAM, CREATE TABLE',
        text: 'Declares the records of a topic as a stream, or as a table of the latest row a key. Makes the topic when it is not there. `SOURCE` makes it read-only; a source table can be read with pull queries.',
        rules: ['create', 'createSource', 'columns', 'columnDefinition', 'withProperties', 'property'],
      },
      {
        example: 'create-as-select',
        title: 'CREATE ... AS SELECT',
        text: 'Starts a query that runs until it is terminated, and writes its result to a topic. Whatever it makes is a stream, or a table that pull queries read. `OR REPLACE` changes filters and adds columns while the state stays.',
        rules: ['createSource', 'query'],
      },
      {
        example: 'alter-source',
        title: 'ALTER STREAM, ALTER TABLE',
        text: 'Adds value columns at the end. Queries that run already do not see them.',
        rules: ['alter', 'addition'],
      },
      {
        example: 'drop-source',
        title: 'DROP STREAM, DROP TABLE',
        text: 'Forgets a stream or table and ends the query that made it; refused while others read it. `DELETE TOPIC` deletes its records, too.',
        rules: ['drop'],
      },
      {
        example: 'create-type',
        title: 'CREATE TYPE',
        text: 'Gives a type a name. What uses the name keeps the type when the name is dropped.',
        rules: ['createType', 'type'],
      },
      { example: 'drop-type', title: 'DROP TYPE', text: 'Forgets the name of a type.', rules: ['drop'] },
    ],
  },
  {
    heading: 'Rows',
    pages: [
      {
        example: 'select',
        title: 'SELECT',
        text: 'With `EMIT CHANGES` or `EMIT FINAL` a push query: rows as they come, until the client leaves or `LIMIT` is reached. Without, a pull query: the rows of a table as of the last commit, or everything that a stream holds at this moment.',
        rules: [
          'query',
          'selectItem',
          'relation',
          'join',
          'within',
          'window',
          'tumblingWindow',
          'hoppingWindow',
          'sessionWindow',
          'windowOptions',
        ],
      },
      {
        example: 'insert-values',
        title: 'INSERT INTO ... VALUES',
        text: 'Appends rows. Columns that are not listed are null; `ROWTIME` may be listed. All rows of a statement become durable together.',
        rules: ['insert', 'insertValues', 'names', 'row'],
      },
      {
        example: 'insert-into',
        title: 'INSERT INTO ... SELECT',
        text: 'Starts a query that writes into a stream that is there. Columns must agree in name, type and order.',
        rules: ['insert', 'insertQuery'],
      },
      {
        example: 'print-topic',
        title: 'PRINT',
        text: 'Shows the records of a topic as they are, guessing their formats. The name counts with its case.',
        rules: ['print', 'printInterval', 'limit'],
      },
    ],
  },
  {
    heading: 'Running queries',
    pages: [
      {
        example: 'pause',
        title: 'PAUSE',
        text: 'Lets a query rest; its table can still be read.',
        rules: ['control'],
      },
      { example: 'resume', title: 'RESUME', text: 'Lets it go on where it stopped.', rules: ['control'] },
      {
        example: 'terminate',
        title: 'TERMINATE',
        text: 'Ends a query for good, with its state. The stream or table that it wrote stays.',
        rules: ['control'],
      },
      {
        example: 'explain',
        title: 'EXPLAIN',
        text: 'Shows the plan of a running query, or of a statement without running it.',
        rules: ['explain'],
      },
    ],
  },
  {
    heading: 'What there is',
    pages: [
      {
        example: 'list-sources',
        title: 'LIST STREAMS, LIST TABLES',
        text: '`SHOW` means the same as `LIST` everywhere.',
        rules: ['list', 'listSources'],
      },
      {
        example: 'list-topics',
        title: 'LIST TOPICS',
        text: '`ALL` includes internal topics.',
        rules: ['listTopics'],
      },
      {
        example: 'list-queries',
        title: 'LIST QUERIES',
        text: 'The queries that run, and their state.',
        rules: ['list'],
      },
      {
        example: 'list-functions',
        title: 'LIST FUNCTIONS',
        text: 'See also [functions](functions.md).',
        rules: ['list'],
      },
      { example: 'list-types', title: 'LIST TYPES', text: 'The types that have names.', rules: ['list'] },
      {
        example: 'list-properties',
        title: 'LIST PROPERTIES',
        text: 'The settings and their values; see also [settings](settings.md).',
        rules: ['list'],
      },
      { example: 'list-variables', title: 'LIST VARIABLES', text: 'The variables of the session.', rules: ['list'] },
      {
        example: 'describe-source',
        title: 'DESCRIBE',
        text: 'The columns of a stream or table; with `EXTENDED` also positions, statistics and the queries around it.',
        rules: ['describe'],
      },
      {
        example: 'describe-sources',
        title: 'DESCRIBE STREAMS, DESCRIBE TABLES',
        text: 'All of them.',
        rules: ['describe'],
      },
      {
        example: 'describe-function',
        title: 'DESCRIBE FUNCTION',
        text: 'What a function does, and which arguments it takes.',
        rules: ['describe'],
      },
    ],
  },
  {
    heading: 'The session',
    pages: [
      {
        example: 'set-property',
        title: 'SET',
        text: 'Overrides a setting for the statements that follow. A query keeps what it was created with.',
        rules: ['setProperty'],
      },
      { example: 'unset-property', title: 'UNSET', text: 'Takes an override back.', rules: ['unsetProperty'] },
      {
        example: 'define-variable',
        title: 'DEFINE',
        text: 'Names a text that `${name}` stands for in later statements: as a name, as a literal, or inside a text.',
        rules: ['define'],
      },
      { example: 'undefine-variable', title: 'UNDEFINE', text: 'Forgets a variable.', rules: ['undefine'] },
      {
        example: 'run-script',
        title: 'RUN SCRIPT',
        text: 'In the REPL: runs the statements of a file.',
        rules: ['runScript'],
      },
      {
        example: 'assert-topic',
        title: 'ASSERT TOPIC',
        text: 'Waits until a topic is there as described, or is not there, and fails after its time.',
        rules: ['assert', 'assertTopic', 'timeout'],
      },
      {
        example: 'assert-schema',
        title: 'ASSERT SCHEMA',
        text: 'Waits until the schema registry has, or with NOT EXISTS has not, a subject, a schema with that id, or that subject with that id.',
        rules: ['assertSchema'],
      },
    ],
  },
  {
    heading: 'In test files',
    pages: [
      {
        example: 'assert-values',
        title: 'ASSERT VALUES',
        text: 'Expects a row as the next one of a stream or table.',
        rules: ['assertValues'],
      },
      {
        example: 'assert-tombstone',
        title: 'ASSERT NULL VALUES',
        text: 'Expects the deletion of a key as the next one.',
        rules: ['assertTombstone'],
      },
      {
        example: 'assert-source',
        title: 'ASSERT STREAM, ASSERT TABLE',
        text: 'Expects a stream or table with these columns and properties.',
        rules: ['assertSource'],
      },
    ],
  },
  {
    heading: 'Not in this release',
    pages: [
      {
        example: 'create-connector',
        title: 'CREATE CONNECTOR',
        text: 'Understood and refused: use the REST API of Kafka Connect.',
        rules: ['createConnector', 'connectorProperties'],
      },
      { example: 'drop-connector', title: 'DROP CONNECTOR', text: 'Understood and refused.', rules: ['drop'] },
      {
        example: 'list-connectors',
        title: 'LIST CONNECTORS',
        text: 'Understood and refused.',
        rules: ['listConnectors'],
      },
      {
        example: 'list-connector-plugins',
        title: 'LIST CONNECTOR PLUGINS',
        text: 'Understood and refused.',
        rules: ['listConnectors'],
      },
      {
        example: 'describe-connector',
        title: 'DESCRIBE CONNECTOR',
        text: 'Understood and refused.',
        rules: ['describe'],
      },
      {
        example: 'alter-system',
        title: 'ALTER SYSTEM',
        text: 'Understood and refused: settings of the server are in its configuration file.',
        rules: ['alter'],
      },
    ],
  },
];
