import type { FormatSpec } from '../formats/format.js';
import { asSchemaFormat, formatNamed } from '../formats/index.js';
import { type RegisteredSchema, type SchemaText, subjectOf } from '../formats/schema-registry/schema-registry.js';
import { type Column, keyColumns, type Schema, valueColumns } from '../model/schema.js';
import { type PhysicalPlan, type PhysicalStep, repartitionColumns } from './physical/physical-plan.js';
import type { StatementPlan } from './statement-plan.js';

/** A schema that has to be registered before a statement takes effect. */
export interface SchemaRequest {
  readonly subject: string;
  readonly schema: SchemaText;
  /** Nothing is to be done when the subject has any schema. */
  readonly ifAbsent: boolean;
}

/** The schemas of the topics that a statement makes, or writes; each subject once. */
export function schemaRequests(plan: StatementPlan): readonly SchemaRequest[] {
  const requests = new Map<string, SchemaRequest>();
  const request = (topic: string, spec: FormatSpec, columns: readonly Column[], target: 'key' | 'value'): void => {
    const schema = schemaOf(spec, columns, target);
    const subject = subjectOf(topic, target);
    if (schema !== null) requests.set(subject, { subject, schema, ifAbsent: plan.kind === 'createSource' });
  };
  if (plan.kind === 'createSource') {
    const { topic, keyFormat, valueFormat, schema } = plan.entry;
    request(topic, keyFormat, keyColumns(schema), 'key');
    request(topic, valueFormat, valueColumns(schema), 'value');
  } else if (plan.kind === 'createAsSelect' || plan.kind === 'insertInto') {
    mapFormats(plan.query.plan, (topic, spec, columns, target) => {
      request(topic, spec, columns, target);
      return spec;
    });
  }
  return [...requests.values()];
}

/** The schema that columns are written with; null for formats without a registry, and for keys without columns. */
export function schemaOf(spec: FormatSpec, columns: readonly Column[], target: 'key' | 'value'): SchemaText | null {
  const format = formatNamed(spec.name);
  const schemaFormat = format === null ? null : asSchemaFormat(format);
  if (schemaFormat === null || (target === 'key' && columns.length === 0)) return null;
  return spec.schema ?? schemaFormat.schemaFor(spec, columns);
}

/** The statement with the schemas that its query writes. @param registered by subject */
export function withSchemas(plan: StatementPlan, registered: ReadonlyMap<string, RegisteredSchema>): StatementPlan {
  if (registered.size === 0 || (plan.kind !== 'createAsSelect' && plan.kind !== 'insertInto')) return plan;
  const physical = mapFormats(plan.query.plan, (topic, spec, _columns, target) => {
    const schema = registered.get(subjectOf(topic, target));
    return schema === undefined ? spec : { ...spec, schema };
  });
  const { entry } = plan.query;
  return { ...plan, query: { ...plan.query, plan: physical, entry: { ...entry, plan: JSON.stringify(physical) } } };
}

type FormatMap = (topic: string, spec: FormatSpec, columns: readonly Column[], target: 'key' | 'value') => FormatSpec;

/** The plan with other formats where it writes topics. */
function mapFormats(plan: PhysicalPlan, map: FormatMap): PhysicalPlan {
  const { sink } = plan;
  return {
    ...plan,
    root: mapRepartitions(plan.root, map),
    sink: sink === null ? null : { ...sink, ...mappedHalves(sink.topic, sink, halvesOf(plan.schema), map) },
  };
}

function mapRepartitions(step: PhysicalStep, map: FormatMap): PhysicalStep {
  switch (step.kind) {
    case 'streamSource':
    case 'tableSource':
      return step;
    case 'streamTableJoin':
    case 'streamStreamJoin':
    case 'tableTableJoin':
    case 'foreignKeyJoin':
      return { ...step, left: mapRepartitions(step.left, map), right: mapRepartitions(step.right, map) };
    case 'repartition':
      return {
        ...step,
        input: mapRepartitions(step.input, map),
        ...mappedHalves(step.topic, step, repartitionColumns(step), map),
      };
    default:
      return { ...step, input: mapRepartitions(step.input, map) };
  }
}

interface Halves {
  readonly keys: readonly Column[];
  readonly values: readonly Column[];
}

function halvesOf(schema: Schema): Halves {
  return { keys: keyColumns(schema), values: valueColumns(schema) };
}

function mappedHalves(
  topic: string,
  { keyFormat, valueFormat }: { readonly keyFormat: FormatSpec; readonly valueFormat: FormatSpec },
  { keys, values }: Halves,
  map: FormatMap,
): { readonly keyFormat: FormatSpec; readonly valueFormat: FormatSpec } {
  return { keyFormat: map(topic, keyFormat, keys, 'key'), valueFormat: map(topic, valueFormat, values, 'value') };
}
