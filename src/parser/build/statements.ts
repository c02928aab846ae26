import type { IToken } from 'chevrotain';
import type { SourceSpan } from '../../model/source-span.js';
import type { AlterSource, AssertSchema, ColumnDefinition, CreateSource, Duration, Literal, Property } from '../ast.js';
import { type ParseLimits, tooMany } from '../limits.js';
import { spanOfToken } from '../scanner.js';
import { DigitIdentifier, QuotedIdentifier, Variable } from '../tokens.js';
import { BuildError, illegalArgument } from './build-error.js';

/** One property of a WITH clause; names do not depend on case. */
export function property(name: string, value: Literal, span: SourceSpan): Property {
  return { name: name.toUpperCase(), value, span };
}

/** One property of a connector, whose name keeps its case. */
export function connectorProperty(name: string, value: Literal, span: SourceSpan): Property {
  return { name, value, span };
}

/** Checks that key columns are marked the way the kind of source wants it. */
export function createSource(parts: Omit<CreateSource, 'kind'>, limits: ParseLimits): CreateSource {
  checkColumnCount(parts.columns, limits, parts.span);
  const [wrong, right] = parts.sourceKind === 'TABLE' ? ['KEY', 'PRIMARY KEY'] : ['PRIMARY KEY', 'KEY'];
  const kind = parts.sourceKind === 'TABLE' ? 'tables' : 'streams';
  for (const column of parts.columns) {
    if (column.constraint !== wrong) continue;
    const at = `Line: ${column.span.line}, Col: ${column.span.column}`;
    throw new BuildError(
      'wrong-key-constraint',
      `${at}: Column \`${column.name.name}\` is a '${wrong}' column: please use '${right}' for ${kind}.`,
      column.span,
      `write ${right} instead of ${wrong}`,
    );
  }
  return { kind: 'createSource', ...parts };
}

export function alterSource(parts: Omit<AlterSource, 'kind'>, limits: ParseLimits): AlterSource {
  checkColumnCount(parts.additions, limits, parts.span);
  return { kind: 'alterSource', ...parts };
}

export function schemaAssertion(
  exists: boolean,
  subject: string | null,
  id: Literal | null,
  timeout: Duration | null,
  span: SourceSpan,
): AssertSchema {
  if (subject === null && id === null) {
    // The spelling is ksqlDB's.
    const message = 'ASSERT SCHEMA statements much include a subject name or an id';
    throw new BuildError('incomplete-assert', message, span, "write SUBJECT 'name', ID n, or both");
  }
  if (id !== null && id.kind !== 'integer') throw new BuildError('not-an-integer', 'ID must be an integer', id.span);
  return { kind: 'assertSchema', exists, subject, id: id === null ? null : id.value, timeout, span };
}

/** The name of a variable in DEFINE: case kept, no quotes. */
export function variableToDefine(token: IToken): string {
  const type = token.tokenType;
  if (type !== QuotedIdentifier && type !== DigitIdentifier && type !== Variable) return token.image;
  throw illegalArgument(
    spanOfToken(token),
    `Variable names must begin with a letter or '_' and may only contain alphanumeric values, '_' and '@'. Got: '${token.image}'`,
  );
}

function checkColumnCount(columns: readonly ColumnDefinition[], limits: ParseLimits, span: SourceSpan): void {
  if (columns.length > limits.columns) throw tooMany('columns', columns.length, limits.columns, span);
}
