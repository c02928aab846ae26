import { StatementError } from '../../model/errors.js';
import type { SourceSpan } from '../../model/source-span.js';
import { arrayType, mapType, structType } from '../../model/sql-type.js';
import type { Expression } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import type { Binder } from './bind-context.js';
import { Problem, untypedNull } from './bind-problem.js';
import { CoercionError, coerceList, type ListItem } from './coerce-list.js';
import { sameExpression } from './same-expression.js';

const ISSUE = '(see https://github.com/confluentinc/ksql/issues/4239)';

/** `ARRAY[...]`: elements are brought to one type. */
export function bindArray(binder: Binder, e: Expression & { kind: 'arrayConstructor' }): BoundExpression {
  if (e.elements.length === 0) {
    throw new Problem(
      `Array constructor cannot be empty. Please supply at least one element ${ISSUE}.`,
      'type',
      'empty-constructor',
      e.span,
    );
  }
  const { type, expressions } = entries(binder, e.elements, e.span);
  if (type === null) throw allNull('an array', 'elements', 'value', e.span);
  return { kind: 'array', type: arrayType(type), elements: expressions };
}

/** `MAP(k := v, ...)`: keys and values are each brought to one type. */
export function bindMap(binder: Binder, e: Expression & { kind: 'mapConstructor' }): BoundExpression {
  if (e.entries.length === 0) {
    throw new Problem(
      `Map constructor cannot be empty. Please supply at least one key value pair ${ISSUE}.`,
      'type',
      'empty-constructor',
      e.span,
    );
  }
  e.entries.forEach((entry, i) => {
    if (!e.entries.slice(0, i).some((earlier) => sameExpression(earlier.key, entry.key))) return;
    throw new StatementError(`Duplicate keys found in MAP: ${binder.text(entry.key)}`, {
      code: 'duplicate-map-key',
      span: entry.key.span,
    });
  });
  const keys = entries(
    binder,
    e.entries.map((entry) => entry.key),
    e.span,
  );
  const values = entries(
    binder,
    e.entries.map((entry) => entry.value),
    e.span,
  );
  if (keys.type === null) throw allNull('a map', 'keys', 'key', e.span);
  if (values.type === null) throw allNull('a map', 'values', 'value', e.span);
  return {
    kind: 'map',
    type: mapType(keys.type, values.type),
    entries: keys.expressions.map((key, i) => ({ key, value: values.expressions[i]! })),
  };
}

function entries(binder: Binder, written: readonly Expression[], span: SourceSpan): ReturnType<typeof coerceList> {
  const items = written.map((item) => ({ expression: binder.bind(item), text: () => binder.text(item) }));
  return coerced(items, 'type', span);
}

function allNull(what: string, parts: string, part: string, span: SourceSpan): Problem {
  return new Problem(
    `Cannot construct ${what} with all NULL ${parts} ${ISSUE}. ` +
      `As a workaround, you may cast a NULL ${part} to the desired type.`,
    'type',
    'untyped-null',
    span,
  );
}

/** `STRUCT(name := value, ...)`; may be empty. */
export function bindStruct(binder: Binder, e: Expression & { kind: 'structConstructor' }): BoundExpression {
  const names = e.fields.map((field) => field.name.name);
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  if (duplicate !== undefined) {
    throw new StatementError(`Duplicate field names found in STRUCT: '${duplicate}'`, {
      code: 'duplicate-field',
      span: e.span,
    });
  }
  const fields = e.fields.map((field) => binder.bind(field.value));
  fields.forEach((field, i) => {
    if (field.type.kind === 'NULL') throw untypedNull(e.fields[i]!.value.span);
  });
  return { kind: 'struct', type: structType(fields.map((f, i) => ({ name: names[i]!, type: f.type }))), fields };
}

/** As {@link coerceList}, with its complaint as a problem of the stage. */
export function coerced(
  items: readonly ListItem[],
  stage: 'type' | 'code',
  span: SourceSpan,
): ReturnType<typeof coerceList> {
  try {
    return coerceList(items);
  } catch (error) {
    if (!(error instanceof CoercionError)) throw error;
    throw new Problem(error.message, stage, 'incompatible-list', span);
  }
}
