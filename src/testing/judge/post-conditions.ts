import type { SourceEntry, SourceFormat } from '../../catalog/catalog.js';
import { formatNamed } from '../../formats/index.js';
import { subjectOf } from '../../formats/schema-registry/schema-registry.js';
import { JsonNumber, type JsonObject, type JsonValue, parseJsonLossless, writeJson } from '../../model/json-text.js';
import { type Column, formatSchema, keyColumns, sameColumn } from '../../model/schema.js';
import type { CreateSource } from '../../parser/ast.js';
import { resolveType } from '../../planner/analysis/types.js';
import type { KeyWindow, PhysicalPlan } from '../../planner/physical/physical-plan.js';
import { schemaOf } from '../../planner/schema-registration.js';
import { type ExpectedSource, type ExpectedTopic, type PostConditions, TestFailure } from '../test-case.js';
import { sourceOn, type Workbench } from '../workbench.js';
import { type InternalTopic, internalTopicsOf, type TopicHalf } from './internal-topics.js';

/** Checks what must be left after the run. @throws TestFailure for the first condition that does not hold */
export function checkPostConditions(
  post: PostConditions,
  workbench: Workbench,
  plans: readonly PhysicalPlan[],
  written: readonly string[],
): void {
  for (const expected of post.sources) checkSource(expected, workbench);
  const internal = plans.flatMap(internalTopicsOf);
  const names = new Set([...workbench.topics.keys(), ...written, ...internal.map(({ name }) => name)]);
  if (post.topicBlacklist !== null) {
    const pattern = new RegExp(post.topicBlacklist);
    const hit = [...names].find((name) => pattern.test(name));
    if (hit !== undefined) throw new TestFailure(`post: a topic on the blacklist exists: ${hit}`);
  }
  for (const expected of post.topics) checkTopic(expected, workbench, internal);
}

function checkSource(expected: ExpectedSource, workbench: Workbench): void {
  const source = workbench.catalog.source(expected.name);
  if (source === null || source.kind !== expected.type) {
    throw new TestFailure(`post: there is no ${expected.type} ${expected.name}`);
  }
  const found = sourceDifference(expected, source, workbench);
  if (found !== null) throw new TestFailure(`post: source ${expected.name}: ${found}`);
}

function sourceDifference(expected: ExpectedSource, source: SourceEntry, workbench: Workbench): string | null {
  if (expected.schema !== null) {
    const columns = columnsOf(expected.schema, workbench);
    const actual = source.schema.columns;
    if (columns.length !== actual.length || !columns.every((column, i) => sameColumn(column, actual[i]!))) {
      return `schema: expected ${formatSchema({ columns })}, got ${formatSchema(source.schema)}`;
    }
  }
  if (expected.keyFormat !== null) {
    const { keyWindow } = source;
    const key = expected.keyFormat;
    const size = keyWindow === null || keyWindow.kind === 'SESSION' ? null : keyWindow.sizeMs;
    const fits =
      (key.format === null || key.format === source.keyFormat.name) &&
      key.windowType === (keyWindow?.kind ?? null) &&
      key.windowSize === size;
    if (!fits) {
      return `keyFormat: expected ${key.format} ${key.windowType} ${key.windowSize}, got ${source.keyFormat.name} ${keyWindow?.kind ?? null} ${size}`;
    }
  }
  if (expected.valueFormat !== null && expected.valueFormat !== source.valueFormat.name) {
    return `valueFormat: expected ${expected.valueFormat}, got ${source.valueFormat.name}`;
  }
  return (
    featureDifference('keyFeatures', expected.keyFeatures, keyFeatures(source)) ??
    featureDifference('valueFeatures', expected.valueFeatures, valueFeatures(source)) ??
    (expected.isSource === null || expected.isSource === source.isReadOnly
      ? null
      : `isSource: expected ${expected.isSource}, got ${source.isReadOnly}`)
  );
}

function featureDifference(name: string, expected: readonly string[] | null, actual: readonly string[]): string | null {
  if (expected === null || (expected.length === actual.length && expected.every((f) => actual.includes(f))))
    return null;
  return `${name}: expected [${expected.join(', ')}], got [${actual.join(', ')}]`;
}

function keyFeatures(source: SourceEntry): readonly string[] {
  return unwrapFeature({ format: source.keyFormat, columns: keyColumns(source.schema) });
}

/** Said only of formats that can be written both ways. */
function unwrapFeature({ format, columns }: TopicHalf): readonly string[] {
  const ways = formatNamed(format.name)?.support.singleColumn.allowed.length ?? 0;
  return columns.length === 1 && ways > 1 && format.unwrapped ? ['UNWRAP_SINGLES'] : [];
}

function valueFeatures(source: SourceEntry): readonly string[] {
  if (source.wrapSingleValue === null) return [];
  return [source.wrapSingleValue ? 'WRAP_SINGLES' : 'UNWRAP_SINGLES'];
}

/** The columns of a list as in CREATE; KEY and PRIMARY KEY are the same here. */
function columnsOf(schema: string, workbench: Workbench): Column[] {
  if (schema.trim() === '') return [];
  const kind = /\bPRIMARY\s+KEY\b/i.test(schema) ? 'TABLE' : 'STREAM';
  const [parsed] = workbench.parse(`CREATE ${kind} S (${schema}) WITH (KAFKA_TOPIC='s');`);
  const { columns } = parsed!.statement as CreateSource;
  return columns.map(({ name, type, constraint, headerKey }) => ({
    name: name.name,
    type: resolveType(type, (custom) => workbench.catalog.type(custom)),
    role: constraint === null ? 'value' : constraint.endsWith('KEY') ? 'key' : 'headers',
    ...(headerKey === null ? {} : { headerKey }),
  }));
}

function checkTopic(expected: ExpectedTopic, workbench: Workbench, internal: readonly InternalTopic[]): void {
  const { name } = expected;
  const own = internal.find((topic) => topic.name === name) ?? null;
  checkSchemas(expected, workbench, own);
  const formats = formatsOfTopic(name, workbench, own);
  if (formats === null) throw new TestFailure(`post: internal topics: there is no topic ${name}`);
  for (const half of ['keyFormat', 'valueFormat'] as const) {
    if (!sameJson(expected[half], formats[half])) {
      throw new TestFailure(
        `post: topic ${name}: ${half}: expected ${writeJson(expected[half])}, got ${writeJson(formats[half])}`,
      );
    }
  }
  const partitions = workbench.topics.get(name)?.partitions ?? null;
  if (expected.partitions !== null && expected.partitions !== partitions) {
    throw new TestFailure(`post: topic ${name}: expected ${expected.partitions} partitions, got ${partitions}`);
  }
}

/** The latest schemas of a topic, and the ids that statements name. A store has no topic here: its schema is what its columns would have. */
function checkSchemas(expected: ExpectedTopic, workbench: Workbench, own: InternalTopic | null): void {
  const { name } = expected;
  const source = sourceOn(workbench.catalog, name);
  for (const half of ['key', 'value'] as const) {
    const wanted = half === 'key' ? expected.keySchema : expected.valueSchema;
    const schema =
      own?.isStore === true
        ? schemaOf(own[half].format, own[half].columns, half)
        : workbench.schemas.latest(subjectOf(name, half))?.schema;
    const found = schema?.text ?? null;
    if (wanted !== null && !sameSchema(wanted, found)) {
      const text = typeof wanted === 'string' ? wanted : writeJson(wanted);
      throw new TestFailure(`post: topic ${name}: ${half}Schema: expected ${text}, got ${found}`);
    }
    const id = half === 'key' ? expected.keySchemaId : expected.valueSchemaId;
    const named = (half === 'key' ? source?.keyFormat.schema?.id : source?.valueFormat.schema?.id) ?? null;
    if (id !== named) throw new TestFailure(`post: topic ${name}: ${half}SchemaId: expected ${id}, got ${named}`);
  }
}

function sameSchema(wanted: JsonValue, found: string | null): boolean {
  if (found === null) return false;
  return wanted === found || (/^\s*["{[]/.test(found) && sameJson(wanted, parseJsonLossless(found)));
}

function formatsOfTopic(
  name: string,
  workbench: Workbench,
  own: InternalTopic | null,
): { readonly keyFormat: JsonObject; readonly valueFormat: JsonObject } | null {
  const source = sourceOn(workbench.catalog, name);
  if (source !== null) {
    return {
      keyFormat: keyFormatJson(source.keyFormat, keyFeatures(source), source.keyWindow),
      valueFormat: formatJson(source.valueFormat, valueFeatures(source)),
    };
  }
  if (own === null) return null;
  return {
    keyFormat: keyFormatJson(own.key.format, unwrapFeature(own.key), own.keyWindow),
    valueFormat: formatJson(own.value.format, []),
  };
}

/** A Duration of Java is in seconds. */
function keyFormatJson(format: SourceFormat, features: readonly string[], keyWindow: KeyWindow | null): JsonObject {
  const key = formatJson(format, features);
  if (keyWindow === null) return key;
  const info: JsonObject = new Map([['type', keyWindow.kind as JsonValue]]);
  if (keyWindow.kind !== 'SESSION') info.set('size', new JsonNumber(String(keyWindow.sizeMs / 1000)));
  return key.set('windowInfo', info);
}

function formatJson(format: SourceFormat, features: readonly string[]): JsonObject {
  const json: JsonObject = new Map([['format', format.name as JsonValue]]);
  const properties = Object.entries(format.properties);
  if (properties.length > 0) json.set('properties', new Map<string, JsonValue>(properties));
  if (features.length > 0) json.set('features', [...features]);
  return json;
}

/** Equal as trees; the order of members does not matter. */
function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([name, member]) => sameJson(member, b.get(name)));
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  if (a instanceof JsonNumber && b instanceof JsonNumber) return Number(a.text) === Number(b.text);
  return a === b;
}
