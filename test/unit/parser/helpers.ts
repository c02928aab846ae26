import type { Expression, Statement } from '../../../src/parser/ast.js';
import { type Diagnostic, type ParseOptions, parse } from '../../../src/parser/parse.js';

/** The only statement of a text that parses. */
export function statementOf(text: string, options: ParseOptions = {}): Statement {
  const result = parse(text, options);
  if (result.diagnostics.length > 0) throw new Error(`${result.diagnostics[0]!.message}\n${text}`);
  if (result.statements.length !== 1) throw new Error(`expected one statement: ${text}`);
  return result.statements[0]!.statement;
}

/** The first diagnostic of a text that does not parse. */
export function diagnosticOf(text: string, options: ParseOptions = {}): Diagnostic {
  const diagnostic = parse(text, options).diagnostics[0];
  if (diagnostic === undefined) throw new Error(`parsed: ${text}`);
  return diagnostic;
}

/** An expression, parsed as the only item of a SELECT list. */
export function expressionOf(text: string, options: ParseOptions = {}): Expression {
  const statement = statementOf(`SELECT ${text} FROM s;`, options);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  const item = statement.query.select[0]!;
  if (item.kind !== 'single') throw new Error('not an expression');
  return item.expression;
}

/** A tree without positions and without what was quoted: what two spellings of one statement share. */
export function shapeOf(value: unknown): string {
  return JSON.stringify(value, (key, part) => {
    if (key === 'span' || key === 'quoted') return undefined;
    if (Object.is(part, -0)) return '-0';
    return typeof part === 'bigint' ? `${part}n` : part;
  });
}
