import type { SourceEntry } from '../../catalog/catalog.js';
import type { Format, FormatSpec } from '../../formats/format.js';
import { asSchemaFormat, formatNamed } from '../../formats/index.js';
import { StatementError } from '../../model/errors.js';
import { type Column, formatColumn, keyColumns, type Schema, valueColumns } from '../../model/schema.js';
import { sameType } from '../../model/sql-type.js';
import { defaultKeyFormat, type PlanningContext } from '../planning-context.js';
import { type InferredColumns, inferColumns, type Side } from './infer-columns.js';
import type { WithProperties } from './with-properties.js';

export interface SourceFormats {
  readonly key: FormatSpec;
  readonly value: FormatSpec;
  /** WRAP_SINGLE_VALUE as said by statement or setting, where it has an effect. */
  readonly wrapSingleValue: boolean | null;
}

/** What the registry says of each half; null where columns are listed, or the format has none. */
export type InferredSides = Readonly<Record<Side, InferredColumns | null>>;

const SIDES: readonly Side[] = ['KEY', 'VALUE'];

/** The columns of CREATE STREAM/TABLE that are not listed, where a registry has them. */
export function inferMissing(
  properties: WithProperties,
  topic: string,
  declared: Schema,
  context: PlanningContext,
): InferredSides {
  const infer = (side: Side): InferredColumns | null => {
    const given = side === 'KEY' ? keyColumns(declared) : valueColumns(declared);
    const name = createdFormat(properties, side, context);
    const format = name === null ? null : formatNamed(name);
    const schemaFormat = format === null ? null : asSchemaFormat(format);
    if (given.length > 0 || schemaFormat === null) return null;
    const wrap = side === 'KEY' ? null : (properties.boolean('WRAP_SINGLE_VALUE') ?? wrapByDefault(context));
    const unwrapped = isUnwrapped(schemaFormat, side === 'KEY' ? 'key' : 'value', wrap);
    const spec = { properties: formatProperties(properties, side, schemaFormat, null), unwrapped };
    return inferColumns(side, topic, schemaFormat, spec, properties.number(`${side}_SCHEMA_ID`), context.schemas);
  };
  return { KEY: infer('KEY'), VALUE: infer('VALUE') };
}

/** The formats of CREATE STREAM/TABLE, checked against its columns. */
export function formatsOfCreate(
  properties: WithProperties,
  name: string,
  schema: Schema,
  inferred: InferredSides,
  context: PlanningContext,
): SourceFormats {
  const keyName = createdFormat(properties, 'KEY', context)!;
  const valueName = createdFormat(properties, 'VALUE', context);
  if (!valueName) {
    throw new StatementError(
      "Statement is missing the 'VALUE_FORMAT' property from the WITH clause. Either provide one or set a default via the 'ksql.persistence.default.format.value' config.",
      { code: 'missing-property' },
    );
  }
  const formats = checkedFormats(keyName, valueName, name, {}, {}, properties, schema, context);
  const named = (side: Side, spec: FormatSpec): FormatSpec =>
    properties.has(`${side}_SCHEMA_ID`) && inferred[side] !== null ? { ...spec, schema: inferred[side].schema } : spec;
  return { ...formats, key: named('KEY', formats.key), value: named('VALUE', formats.value) };
}

/** The formats of CREATE ... AS: what is not said comes from the leftmost source. */
export function formatsOfSink(
  properties: WithProperties,
  name: string,
  topic: string,
  leftmost: SourceEntry,
  schema: Schema,
  context: PlanningContext,
): SourceFormats {
  const keys = keyColumns(schema);
  const saidKey = formatName(properties, 'KEY');
  if (saidKey !== null) requireFormat(saidKey);
  let keyName = saidKey ?? leftmost.keyFormat.name;
  if (keys.length === 0 && saidKey !== null && saidKey.toUpperCase() !== 'NONE') {
    throw new StatementError('Key format specified for stream without key columns.', { code: 'invalid-key-format' });
  }
  if (keys.length === 0) keyName = 'NONE';
  else if (saidKey === null && keyName === 'NONE') {
    keyName = defaultKeyFormat(context);
  }
  const valueName = formatName(properties, 'VALUE') ?? leftmost.valueFormat.name;
  const formats = checkedFormats(
    keyName,
    valueName,
    name,
    inheritable(keyName, leftmost.keyFormat),
    inheritable(valueName, leftmost.valueFormat),
    properties,
    schema,
    context,
  );
  const [key, value] = SIDES.map((side) => {
    const spec = side === 'KEY' ? formats.key : formats.value;
    const id = properties.number(`${side}_SCHEMA_ID`);
    if (id === null) return spec;
    const format = asSchemaFormat(requireFormat(spec.name))!;
    const registered = inferColumns(side, topic, format, spec, id, context.schemas);
    checkProjection(side, side === 'KEY' ? keys : valueColumns(schema), registered.columns);
    return { ...spec, schema: registered.schema };
  });
  return { ...formats, key: key!, value: value! };
}

/** What is written with a schema must have its columns, in place; more of them may follow. */
function checkProjection(side: Side, columns: readonly Column[], registered: readonly Column[]): void {
  const wrong = columns.filter((column, i) => {
    const wanted = registered[i];
    return wanted === undefined || wanted.name !== column.name || !sameType(wanted.type, column.type);
  });
  if (wrong.length === 0) return;
  const list = (some: readonly Column[]): string =>
    some.map((column) => formatColumn({ ...column, role: 'value' })).join(', ');
  throw new StatementError(
    `The following ${side.toLowerCase()} columns are changed, missing or reordered: [${list(wrong)}]. Schema from schema registry is [${list(registered)}]`,
    { code: 'schema-mismatch' },
  );
}

/** The spec of an internal topic or store in the formats of a source, wrapped as its columns need. */
export function specFor(base: FormatSpec, columns: readonly Column[], target: 'key' | 'value'): FormatSpec {
  const format = requireFormat(base.name);
  const unwrapped = columns.length === 1 && isUnwrapped(format, target, null);
  return { name: base.name, properties: base.properties, unwrapped };
}

function inheritable(name: string, source: FormatSpec): Readonly<Record<string, string>> {
  const { delimiter } = source.properties;
  return name.toUpperCase() === source.name && delimiter !== undefined ? { delimiter } : {};
}

/** The name of the format of one half of CREATE, as said or by default; null when neither. */
function createdFormat(properties: WithProperties, side: Side, context: PlanningContext): string | null {
  const said = formatName(properties, side);
  if (said !== null) return said;
  return side === 'KEY' ? defaultKeyFormat(context) : context.setting('ksql.persistence.default.format.value');
}

function formatName(properties: WithProperties, side: Side): string | null {
  return properties.text(`${side}_FORMAT`) ?? properties.text('FORMAT');
}

/** @throws StatementError `Unknown format: X` */
export function requireFormat(name: string): Format {
  const upper = name.toUpperCase();
  const format = formatNamed(upper);
  if (format !== null) return format;
  throw new StatementError(`Unknown format: ${upper}`, { code: 'unknown-format' });
}

function checkedFormats(
  keyName: string,
  valueName: string,
  sourceName: string,
  keyInherited: Readonly<Record<string, string>>,
  valueInherited: Readonly<Record<string, string>>,
  properties: WithProperties,
  schema: Schema,
  context: PlanningContext,
): SourceFormats {
  const key = requireFormat(keyName);
  const value = requireFormat(valueName);
  for (const [side, format] of [
    ['KEY', key],
    ['VALUE', value],
  ] as const) {
    if (properties.has(`${side}_SCHEMA_ID`) && !format.support.schemaRegistry) {
      throw new StatementError(
        `${side}_FORMAT should support schema inference when ${side}_SCHEMA_ID is provided. Current format is ${format.name}.`,
        { code: 'invalid-property' },
      );
    }
  }
  const keyProperties = { ...keyInherited, ...formatProperties(properties, 'KEY', key, sourceName) };
  const valueProperties = { ...valueInherited, ...formatProperties(properties, 'VALUE', value, sourceName) };
  const keys = keyColumns(schema);
  const values = valueColumns(schema);
  const wrap = wrapSingleValue(properties, value, values, context);
  const keyFeatures = keys.length === 1 && key.support.singleColumn.allowed.length > 1 ? 'UNWRAP_SINGLES' : '';
  checkColumns(key, keys, 'key', keyFeatures);
  checkColumns(value, values, 'value', wrap === null ? '' : wrap ? 'WRAP_SINGLES' : 'UNWRAP_SINGLES');
  return {
    key: { name: key.name, properties: keyProperties, unwrapped: keys.length === 1 && isUnwrapped(key, 'key', null) },
    value: {
      name: value.name,
      properties: valueProperties,
      unwrapped: values.length === 1 && isUnwrapped(value, 'value', wrap),
    },
    wrapSingleValue: wrap,
  };
}

function isUnwrapped(format: Format, target: 'key' | 'value', wrap: boolean | null): boolean {
  const { allowed, default: usual } = format.support.singleColumn;
  if (target === 'key') return allowed.includes('unwrapped');
  return wrap === null ? usual === 'unwrapped' : !wrap;
}

function wrapSingleValue(
  properties: WithProperties,
  format: Format,
  values: readonly Column[],
  context: PlanningContext,
): boolean | null {
  const { allowed } = format.support.singleColumn;
  const said = properties.boolean('WRAP_SINGLE_VALUE');
  if (said !== null) {
    if (values.length !== 1) {
      throw new StatementError("'WRAP_SINGLE_VALUE' is only valid for single-field value schemas", {
        code: 'invalid-property',
      });
    }
    if (!allowed.includes(said ? 'wrapped' : 'unwrapped')) {
      throw new StatementError(`Format '${format.name}' does not support 'WRAP_SINGLE_VALUE' set to '${said}'.`, {
        code: 'invalid-property',
      });
    }
    return allowed.length > 1 ? said : null;
  }
  return values.length !== 1 || allowed.length < 2 ? null : wrapByDefault(context);
}

function wrapByDefault(context: PlanningContext): boolean | null {
  const setting = context.setting('ksql.persistence.wrap.single.values');
  return setting === null || setting === '' ? null : setting.toLowerCase() === 'true';
}

/** @param sourceName names the schemas of Avro keys, as ksqlDB does; null while it does not matter */
function formatProperties(
  properties: WithProperties,
  side: Side,
  format: Format,
  sourceName: string | null,
): Readonly<Record<string, string>> {
  const given: Record<string, string> = {};
  const delimiter = properties.text(`${side}_DELIMITER`);
  if (delimiter !== null) given['delimiter'] = delimiter;
  const fullName =
    properties.text(`${side}_SCHEMA_FULL_NAME`) ??
    (side === 'VALUE' ? properties.text('VALUE_AVRO_SCHEMA_FULL_NAME') : null);
  if (fullName !== null) given['fullSchemaName'] = fullName;
  const representation = properties.text(`${side}_PROTOBUF_NULLABLE_REPRESENTATION`);
  if (representation !== null) {
    if (!format.name.startsWith('PROTOBUF')) {
      throw new StatementError(
        `Property ${side}_PROTOBUF_NULLABLE_REPRESENTATION can only be enabled with protobuf format`,
        { code: 'invalid-property' },
      );
    }
    given['nullableRepresentation'] = representation.toLowerCase();
  }
  const unsupported = Object.keys(given).filter((name) => !format.support.properties.includes(name));
  if (unsupported.length > 0) {
    throw new StatementError(`${format.name} does not support the following configs: [${unsupported.join(', ')}]`, {
      code: 'invalid-property',
    });
  }
  for (const [name, value] of Object.entries(given)) {
    const complaint = format.refusesProperty(name, value);
    if (complaint !== null) throw new StatementError(complaint, { code: 'invalid-property' });
  }
  if (format.name === 'AVRO' && side === 'KEY' && fullName === null && sourceName !== null) {
    given['fullSchemaName'] = `io.confluent.ksql.avro_schemas.${inCamelCase(sourceName)}Key`;
  }
  return format.name === 'PROTOBUF' ? { unwrapPrimitives: 'true', ...given } : given;
}

/** `LEFT_TABLE` as `LeftTable`. */
function inCamelCase(name: string): string {
  return name
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join('');
}

function checkColumns(format: Format, columns: readonly Column[], target: 'key' | 'value', features: string): void {
  const reason = format.refuses(columns, target);
  if (reason === null) return;
  const side = target === 'key' ? 'Key' : 'Value';
  throw new StatementError(
    `${side} format does not support schema.\nformat: ${format.name}\n` +
      `schema: Persistence{columns=[${columns.map(formatColumn).join(', ')}], features=[${features}]}\nreason: ${reason}`,
    { code: 'format-schema-mismatch' },
  );
}
