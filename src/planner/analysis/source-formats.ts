import type { SourceEntry } from '../../catalog/catalog.js';
import type { Format, FormatSpec } from '../../formats/format.js';
import { formatNamed, PLANNED_FORMATS } from '../../formats/index.js';
import { StatementError } from '../../model/errors.js';
import { type Column, formatColumn, keyColumns, type Schema, valueColumns } from '../../model/schema.js';
import { defaultKeyFormat, type PlanningContext } from '../planning-context.js';
import type { WithProperties } from './with-properties.js';

export interface SourceFormats {
  readonly key: FormatSpec;
  readonly value: FormatSpec;
  /** WRAP_SINGLE_VALUE as said by statement or setting, where it has an effect. */
  readonly wrapSingleValue: boolean | null;
}

/** The formats of CREATE STREAM/TABLE, checked against its columns. */
export function formatsOfCreate(properties: WithProperties, schema: Schema, context: PlanningContext): SourceFormats {
  const keyName = formatName(properties, 'KEY') ?? defaultKeyFormat(context);
  const valueName = formatName(properties, 'VALUE') ?? context.setting('ksql.persistence.default.format.value');
  if (!valueName) {
    throw new StatementError(
      "Statement is missing the 'VALUE_FORMAT' property from the WITH clause. Either provide one or set a default via the 'ksql.persistence.default.format.value' config.",
      { code: 'missing-property' },
    );
  }
  return checkedFormats(keyName, valueName, {}, {}, properties, schema, context);
}

/** The formats of CREATE ... AS: what is not said comes from the leftmost source. */
export function formatsOfSink(
  properties: WithProperties,
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
  return checkedFormats(
    keyName,
    valueName,
    inheritable(keyName, leftmost.keyFormat),
    inheritable(valueName, leftmost.valueFormat),
    properties,
    schema,
    context,
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

function formatName(properties: WithProperties, side: 'KEY' | 'VALUE'): string | null {
  return properties.text(`${side}_FORMAT`) ?? properties.text('FORMAT');
}

/** @throws StatementError `Unknown format: X`, or a refusal by name for formats that are known but not built. */
export function requireFormat(name: string): Format {
  const upper = name.toUpperCase();
  const format = formatNamed(upper);
  if (format !== null) return format;
  if (PLANNED_FORMATS.includes(upper)) {
    throw new StatementError(`Format ${upper} is not supported by this release.`, {
      code: 'unsupported-format',
      hint: 'Use JSON, DELIMITED or KAFKA.',
    });
  }
  throw new StatementError(`Unknown format: ${upper}`, { code: 'unknown-format' });
}

function checkedFormats(
  keyName: string,
  valueName: string,
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
  const keyProperties = { ...keyInherited, ...formatProperties(properties, 'KEY', key) };
  const valueProperties = { ...valueInherited, ...formatProperties(properties, 'VALUE', value) };
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
  const setting = context.setting('ksql.persistence.wrap.single.values');
  if (setting === null || setting === '' || values.length !== 1 || allowed.length < 2) return null;
  return setting.toLowerCase() === 'true';
}

function formatProperties(
  properties: WithProperties,
  side: 'KEY' | 'VALUE',
  format: Format,
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
    given['nullableRepresentation'] = representation;
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
  return given;
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
