import type { SqlType } from '../model/sql-type.js';
import type { TimeUnit } from '../model/time.js';
import type { ArithmeticOperator, ComparisonOperator } from '../parser/ast.js';

/**
 * A typed expression over numbered columns: names are resolved, overloads chosen, implicit conversions written out
 * as `cast` nodes. Plain JSON: it is kept in plans. Evaluation rules are in `executor/expressions/compile.ts`.
 */
export type BoundExpression =
  /** `value` is the SQL value in text form (see `literalValue` in `model/literal-text.ts`); null is NULL. */
  | { readonly kind: 'literal'; readonly type: SqlType; readonly value: string | null }
  /** Position in the input row. */
  | { readonly kind: 'column'; readonly type: SqlType; readonly index: number; readonly name: string }
  /** A parameter of an enclosing lambda. */
  | { readonly kind: 'parameter'; readonly type: SqlType; readonly name: string }
  | {
      readonly kind: 'arithmetic';
      readonly type: SqlType;
      readonly operator: ArithmeticOperator;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | { readonly kind: 'negate'; readonly type: SqlType; readonly operand: BoundExpression }
  /**
   * Operands have been brought to one comparable type, except: INTEGER, BIGINT and DOUBLE stand side by side, DECIMAL is
   * compared with DOUBLE exactly, and collections without a common type are never equal.
   */
  | {
      readonly kind: 'comparison';
      readonly type: SqlType;
      readonly operator: ComparisonOperator;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | {
      readonly kind: 'logical';
      readonly type: SqlType;
      readonly operator: 'AND' | 'OR';
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | { readonly kind: 'not'; readonly type: SqlType; readonly operand: BoundExpression }
  | { readonly kind: 'isNull'; readonly type: SqlType; readonly operand: BoundExpression; readonly negated: boolean }
  | {
      readonly kind: 'in';
      readonly type: SqlType;
      readonly operand: BoundExpression;
      readonly items: readonly BoundExpression[];
      readonly negated: boolean;
    }
  | {
      readonly kind: 'like';
      readonly type: SqlType;
      readonly operand: BoundExpression;
      readonly pattern: BoundExpression;
      readonly escape: string | null;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'case';
      readonly type: SqlType;
      readonly branches: readonly { readonly when: BoundExpression; readonly then: BoundExpression }[];
      readonly otherwise: BoundExpression | null;
    }
  /**
   * `implicit`: nobody wrote it (arguments, comparisons). A failing conversion then fails the expression around it, while
   * that of a written CAST is null by itself.
   */
  | { readonly kind: 'cast'; readonly type: SqlType; readonly operand: BoundExpression; readonly implicit?: true }
  /** `array[i]` (1-based, negative from the end) or `map[key]`. */
  | {
      readonly kind: 'subscript';
      readonly type: SqlType;
      readonly operand: BoundExpression;
      readonly index: BoundExpression;
    }
  /** A STRUCT's field by position. */
  | {
      readonly kind: 'field';
      readonly type: SqlType;
      readonly operand: BoundExpression;
      readonly index: number;
      readonly name: string;
    }
  /** A scalar function; `signature` is the id under which the registry finds the code again. */
  | {
      readonly kind: 'call';
      readonly type: SqlType;
      readonly name: string;
      readonly signature: string;
      readonly arguments: readonly BoundArgument[];
    }
  | { readonly kind: 'array'; readonly type: SqlType; readonly elements: readonly BoundExpression[] }
  | {
      readonly kind: 'map';
      readonly type: SqlType;
      readonly entries: readonly { readonly key: BoundExpression; readonly value: BoundExpression }[];
    }
  | { readonly kind: 'struct'; readonly type: SqlType; readonly fields: readonly BoundExpression[] };

export type BoundArgument =
  | BoundExpression
  | {
      readonly kind: 'lambda';
      readonly parameters: readonly { readonly name: string; readonly type: SqlType }[];
      readonly body: BoundExpression;
    }
  | { readonly kind: 'intervalUnit'; readonly unit: TimeUnit };

/** Calls `visit` on the expression and everything below it, parents first. */
export function walkExpression(expression: BoundExpression, visit: (e: BoundExpression) => void): void {
  visit(expression);
  for (const child of childrenOf(expression)) walkExpression(child, visit);
}

export function childrenOf(e: BoundExpression): readonly BoundExpression[] {
  switch (e.kind) {
    case 'literal':
    case 'column':
    case 'parameter':
      return [];
    case 'arithmetic':
    case 'comparison':
    case 'logical':
      return [e.left, e.right];
    case 'negate':
    case 'not':
    case 'isNull':
    case 'cast':
    case 'field':
      return [e.operand];
    case 'in':
      return [e.operand, ...e.items];
    case 'like':
      return [e.operand, e.pattern];
    case 'case':
      return [...e.branches.flatMap((b) => [b.when, b.then]), ...(e.otherwise ? [e.otherwise] : [])];
    case 'subscript':
      return [e.operand, e.index];
    case 'call':
      return e.arguments.flatMap((a) => (a.kind === 'lambda' ? [a.body] : a.kind === 'intervalUnit' ? [] : [a]));
    case 'array':
      return e.elements;
    case 'map':
      return e.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'struct':
      return e.fields;
  }
}

/** The input columns that the expression reads, in ascending order. */
export function columnsOf(expression: BoundExpression): number[] {
  const found = new Set<number>();
  walkExpression(expression, (e) => {
    if (e.kind === 'column') found.add(e.index);
  });
  return [...found].sort((a, b) => a - b);
}

/** The same expression with each column's position replaced by `map`. */
export function remapColumns(e: BoundExpression, map: (index: number) => number): BoundExpression {
  return replaceColumns(e, (c) => ({ ...c, index: map(c.index) }));
}

/** The same expression with each column node replaced. */
export function replaceColumns(
  e: BoundExpression,
  replace: (column: BoundExpression & { kind: 'column' }) => BoundExpression,
): BoundExpression {
  const go = (x: BoundExpression): BoundExpression => replaceColumns(x, replace);
  switch (e.kind) {
    case 'literal':
    case 'parameter':
      return e;
    case 'column':
      return replace(e);
    case 'arithmetic':
    case 'comparison':
    case 'logical':
      return { ...e, left: go(e.left), right: go(e.right) };
    case 'negate':
    case 'not':
    case 'isNull':
    case 'cast':
    case 'field':
      return { ...e, operand: go(e.operand) };
    case 'in':
      return { ...e, operand: go(e.operand), items: e.items.map(go) };
    case 'like':
      return { ...e, operand: go(e.operand), pattern: go(e.pattern) };
    case 'case':
      return {
        ...e,
        branches: e.branches.map((b) => ({ when: go(b.when), then: go(b.then) })),
        otherwise: e.otherwise && go(e.otherwise),
      };
    case 'subscript':
      return { ...e, operand: go(e.operand), index: go(e.index) };
    case 'call':
      return {
        ...e,
        arguments: e.arguments.map((a) =>
          a.kind === 'lambda' ? { ...a, body: go(a.body) } : a.kind === 'intervalUnit' ? a : go(a),
        ),
      };
    case 'array':
      return { ...e, elements: e.elements.map(go) };
    case 'map':
      return { ...e, entries: e.entries.map((x) => ({ key: go(x.key), value: go(x.value) })) };
    case 'struct':
      return { ...e, fields: e.fields.map(go) };
  }
}
