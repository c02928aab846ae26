import type { Entity } from '../../engine/entities.js';
import type { KnownNames } from './backend.js';

/** What there is, by asking for it. A statement that a server refuses leaves its list empty. */
export async function readNames(execute: (text: string) => Promise<readonly Entity[]>): Promise<KnownNames> {
  const sources = new Set<string>();
  const columns = new Set<string>();
  const lists: Record<Exclude<keyof KnownNames, 'sources' | 'columns'>, string[]> = {
    topics: [],
    queries: [],
    functions: [],
    types: [],
    properties: [],
  };
  for (const text of QUESTIONS) {
    const entities = await execute(text).catch((): readonly Entity[] => []);
    for (const entity of entities) {
      switch (entity['@type']) {
        case 'source_descriptions':
          for (const { name, fields } of entity.sourceDescriptions) {
            sources.add(name);
            for (const field of fields) columns.add(field.name);
          }
          break;
        case 'kafka_topics':
          lists.topics = entity.topics.map((topic) => topic.name);
          break;
        case 'queries':
          lists.queries = entity.queries.map((query) => query.id);
          break;
        case 'function_names':
          lists.functions = entity.functions.map((f) => f.name);
          break;
        case 'type_list':
          lists.types = Object.keys(entity.types);
          break;
        case 'properties':
          lists.properties = entity.properties.map((property) => property.name);
          break;
      }
    }
  }
  return { sources: [...sources], columns: [...columns], ...lists };
}

const QUESTIONS = [
  'DESCRIBE STREAMS;',
  'DESCRIBE TABLES;',
  'LIST TOPICS;',
  'LIST QUERIES;',
  'LIST FUNCTIONS;',
  'LIST TYPES;',
  'LIST PROPERTIES;',
];
