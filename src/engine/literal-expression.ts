import { formatDecimal } from '../model/decimal.js';
import { NO_SPAN } from '../model/source-span.js';
import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { valueText } from '../model/value-text.js';
import type { Expression } from '../parser/ast.js';

/** A value as the expression that a statement would write for it. */
export function literalExpression(type: SqlType, value: SqlValue): Expression {
  const span = NO_SPAN;
  if (value === null) return { kind: 'null', span };
  switch (type.kind) {
    case 'BOOLEAN':
      return { kind: 'boolean', value: value as boolean, span };
    case 'INTEGER':
    case 'BIGINT':
      return { kind: 'integer', value: BigInt(value as number | bigint), span };
    case 'DOUBLE':
      return { kind: 'double', value: value as number, span };
    case 'DECIMAL':
      return { kind: 'decimal', text: formatDecimal(value as bigint, type.scale), span };
    case 'STRING':
      return { kind: 'string', value: value as string, span };
    case 'BYTES':
      return { kind: 'string', value: (value as Buffer).toString('base64'), span };
    case 'ARRAY':
      return {
        kind: 'arrayConstructor',
        elements: (value as SqlValue[]).map((element) => literalExpression(type.element, element)),
        span,
      };
    case 'STRUCT':
      return {
        kind: 'structConstructor',
        fields: type.fields.map((field, i) => ({
          name: { name: field.name, quoted: true, span },
          value: literalExpression(field.type, (value as SqlValue[])[i]!),
        })),
        span,
      };
    default:
      return { kind: 'string', value: valueText(type, value), span };
  }
}
