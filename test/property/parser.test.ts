import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CallArgument, Expression, Identifier, Lambda, TypeName } from '../../src/parser/ast.js';
import { formatExpression } from '../../src/parser/format.js';
import { parse } from '../../src/parser/parse.js';
import { isComplete, splitStatements, tokenize } from '../../src/parser/split.js';
import { KEYWORDS } from '../../src/parser/tokens.js';
import { expressionOf, shapeOf } from '../unit/parser/helpers.js';

const span = { start: 0, end: 0, line: 0, column: 0 };

const identifier: fc.Arbitrary<Identifier> = fc
  .oneof(
    fc.constantFrom('A', 'B_1', 'lower', 'a b', 'back`tick', 'ARRAY', 'MAP', 'STRUCT', 'DAY', 'HOUR', 'x-y', '1A', ''),
    fc.constantFrom(...KEYWORDS.map((keyword) => keyword.word)),
    fc.string({ maxLength: 5 }),
  )
  .map((name) => ({ name, quoted: false, span }));

const typeName: fc.Arbitrary<TypeName> = fc.letrec<{ type: TypeName }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom('STRING', 'INTEGER', 'DOUBLE', 'custom').map((name): TypeName => {
      return { kind: 'simpleType', name: { name, quoted: false, span }, span };
    }),
    fc.constant<TypeName>({ kind: 'decimalType', precision: 4, scale: 2, span }),
    tie('type').map((element): TypeName => ({ kind: 'arrayType', element, span })),
    fc.tuple(tie('type'), tie('type')).map(([key, value]): TypeName => ({ kind: 'mapType', key, value, span })),
    fc
      .array(fc.record({ name: identifier, type: tie('type') }), { maxLength: 3 })
      .map((fields): TypeName => ({ kind: 'structType', fields, span })),
  ),
})).type;

const literal: fc.Arbitrary<Expression> = fc.oneof(
  fc.constant<Expression>({ kind: 'null', span }),
  fc.boolean().map((value): Expression => ({ kind: 'boolean', value, span })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Expression => ({ kind: 'integer', value, span })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value): Expression => ({ kind: 'double', value, span })),
  fc.constantFrom('1.50', '-0.5', '.5', '3.', '12', '-7').map((text): Expression => ({ kind: 'decimal', text, span })),
  fc.string().map((value): Expression => ({ kind: 'string', value, span })),
);

const column: fc.Arbitrary<Expression> = fc
  .tuple(fc.option(identifier), identifier)
  .map(([source, name]): Expression => ({ kind: 'column', source, name, span }));

/** Every shape of expression that the grammar can give. */
const expression: fc.Arbitrary<Expression> = fc.letrec<{ e: Expression }>((tie) => {
  const e = tie('e');
  const few = fc.array(e, { maxLength: 3 });
  const some = fc.array(e, { minLength: 1, maxLength: 3 });
  const lambda: fc.Arbitrary<Lambda> = fc
    .tuple(fc.array(identifier, { minLength: 1, maxLength: 2 }), e)
    .map(([parameters, body]) => ({ kind: 'lambda', parameters, body, span }));
  const unit: fc.Arbitrary<CallArgument> = fc
    .constantFrom(['DAY', 'DAYS'] as const, ['HOURS', 'HOURS'] as const)
    .map(([name, of]) => ({ kind: 'intervalUnit', unit: of, name: { name, quoted: false, span }, span }));
  return {
    e: fc.oneof(
      { maxDepth: 4, withCrossShrink: true, depthSize: 'small' },
      literal,
      column,
      fc
        .tuple(fc.constantFrom('-', '+'), e)
        // A minus before a number is part of the number.
        .map(([operator, operand]): Expression => ({ kind: 'sign', operator, operand, span })),
      fc
        .tuple(fc.constantFrom('+', '-', '*', '/', '%'), e, e)
        .map(([operator, left, right]): Expression => ({ kind: 'arithmetic', operator, left, right, span })),
      fc.tuple(e, e).map(([left, right]): Expression => ({ kind: 'concat', left, right, span })),
      fc.tuple(e, fc.string()).map(([operand, zone]): Expression => ({ kind: 'atTimeZone', operand, zone, span })),
      fc
        .tuple(fc.constantFrom('=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM'), e, e)
        .map(([operator, left, right]): Expression => ({ kind: 'comparison', operator, left, right, span })),
      fc
        .tuple(fc.constantFrom('AND', 'OR'), e, e)
        .map(([operator, left, right]): Expression => ({ kind: 'logical', operator, left, right, span })),
      e.map((operand): Expression => ({ kind: 'not', operand, span })),
      fc.tuple(e, fc.boolean()).map(([operand, negated]): Expression => ({ kind: 'isNull', operand, negated, span })),
      fc
        .tuple(e, e, e, fc.boolean())
        .map(([operand, low, high, negated]): Expression => ({ kind: 'between', operand, low, high, negated, span })),
      fc
        .tuple(e, some, fc.boolean())
        .map(([operand, items, negated]): Expression => ({ kind: 'in', operand, items, negated, span })),
      fc.tuple(e, e, fc.option(fc.string()), fc.boolean()).map(([operand, pattern, escaping, negated]): Expression => {
        return { kind: 'like', operand, pattern, escape: escaping, negated, span };
      }),
      fc
        .tuple(fc.option(e), fc.array(fc.record({ when: e, then: e }), { minLength: 1, maxLength: 2 }), fc.option(e))
        .map(([operand, branches, otherwise]): Expression => ({ kind: 'case', operand, branches, otherwise, span })),
      fc.tuple(e, typeName).map(([operand, type]): Expression => ({ kind: 'cast', operand, type, span })),
      fc.tuple(e, e).map(([operand, index]): Expression => ({ kind: 'subscript', operand, index, span })),
      fc.tuple(e, identifier).map(([operand, field]): Expression => ({ kind: 'dereference', operand, field, span })),
      fc
        .tuple(identifier, few)
        .map(([name, list]): Expression => ({ kind: 'call', name, star: false, arguments: list, span })),
      fc.tuple(identifier, some, unit, lambda).map(([name, list, u, l]): Expression => {
        return { kind: 'call', name, star: false, arguments: [u, ...list, l], span };
      }),
      identifier.map((name): Expression => ({ kind: 'call', name, star: true, arguments: [], span })),
      few.map((elements): Expression => ({ kind: 'arrayConstructor', elements, span })),
      fc
        .array(fc.record({ key: e, value: e }), { maxLength: 2 })
        .map((entries): Expression => ({ kind: 'mapConstructor', entries, span })),
      fc
        .array(fc.record({ name: identifier, value: e }), { maxLength: 2 })
        .map((fields): Expression => ({ kind: 'structConstructor', fields, span })),
    ),
  };
}).e;

test('what is printed parses back to the same tree', () => {
  fc.assert(
    fc.property(expression, fc.boolean(), (tree, quoteNames) => {
      const text = formatExpression(tree, { quoteNames });
      expect(shapeOf(expressionOf(text)), text).toBe(shapeOf(tree));
    }),
    { numRuns: 1_000 },
  );
});

const fragment = fc.oneof(
  fc.constantFrom(...KEYWORDS.map((keyword) => keyword.word)),
  fc.constantFrom(
    ...'( ) [ ] , ; . -> => := = <> < > <= >= != + - * / % || \' " ` ${ ${a} -- --@ /* */ 1 1.5 1e5 .5 1a'.split(' '),
  ),
  fc.constantFrom('a', 'b', "'text'", '`quoted`', '\n', ' ', '\u0000', 'é', '\ud800', '😀'),
  fc.string({ maxLength: 8, unit: 'binary' }),
);
const noise = fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join(' '));

test('any text gives statements and diagnostics, never an exception', () => {
  fc.assert(
    fc.property(noise, fc.boolean(), (text, testDialect) => {
      const { diagnostics } = parse(text, { testDialect, variables: new Map([['a', 'x']]) });
      for (const d of diagnostics) {
        expect(d.message).not.toBe('');
        expect(d.span.start).toBeGreaterThanOrEqual(0);
        expect(d.span.end).toBeLessThanOrEqual(text.length);
      }
      const starts = diagnostics.map((d) => d.span.start);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
    }),
    { numRuns: 2_000 },
  );
});

test('the pieces of a text are in order, and a script is complete when its last statement is', () => {
  fc.assert(
    fc.property(noise, (text) => {
      let at = 0;
      for (const lexeme of tokenize(text)) {
        expect(lexeme.span.start).toBeGreaterThanOrEqual(at);
        expect(lexeme.span.end).toBeGreaterThan(lexeme.span.start);
        at = lexeme.span.end;
      }
      const parts = splitStatements(text);
      for (const part of parts) expect(text.slice(part.span.start, part.span.end)).toBe(part.text);
      expect(isComplete(text).complete).toBe(parts.every((part) => part.terminated));
    }),
    { numRuns: 1_000 },
  );
});
