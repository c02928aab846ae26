import type { CallArgument, Expression } from '../../parser/ast.js';

/**
 * Rebuilds an expression, parents first: where `replace` answers, its answer stands and nothing below is visited.
 * Names bound by a lambda are passed as `bound` so that they are not taken for columns.
 */
export function rewriteExpression(
  expression: Expression,
  replace: (e: Expression, bound: ReadonlySet<string>) => Expression | null,
  bound: ReadonlySet<string> = new Set(),
): Expression {
  const replaced = replace(expression, bound);
  if (replaced !== null) return replaced;
  const go = (e: Expression): Expression => rewriteExpression(e, replace, bound);
  const e = expression;
  switch (e.kind) {
    case 'null':
    case 'boolean':
    case 'integer':
    case 'decimal':
    case 'double':
    case 'string':
    case 'column':
      return e;
    case 'sign':
    case 'not':
    case 'isNull':
    case 'cast':
    case 'dereference':
    case 'atTimeZone':
      return { ...e, operand: go(e.operand) };
    case 'arithmetic':
    case 'concat':
    case 'comparison':
    case 'logical':
      return { ...e, left: go(e.left), right: go(e.right) };
    case 'between':
      return { ...e, operand: go(e.operand), low: go(e.low), high: go(e.high) };
    case 'in':
      return { ...e, operand: go(e.operand), items: e.items.map(go) };
    case 'like':
      return { ...e, operand: go(e.operand), pattern: go(e.pattern) };
    case 'case':
      return {
        ...e,
        operand: e.operand && go(e.operand),
        branches: e.branches.map((b) => ({ when: go(b.when), then: go(b.then) })),
        otherwise: e.otherwise && go(e.otherwise),
      };
    case 'subscript':
      return { ...e, operand: go(e.operand), index: go(e.index) };
    case 'call':
      return { ...e, arguments: e.arguments.map((a) => rewriteArgument(a, replace, bound)) };
    case 'arrayConstructor':
      return { ...e, elements: e.elements.map(go) };
    case 'mapConstructor':
      return { ...e, entries: e.entries.map((x) => ({ key: go(x.key), value: go(x.value) })) };
    case 'structConstructor':
      return { ...e, fields: e.fields.map((f) => ({ name: f.name, value: go(f.value) })) };
  }
}

function rewriteArgument(
  argument: CallArgument,
  replace: (e: Expression, bound: ReadonlySet<string>) => Expression | null,
  bound: ReadonlySet<string>,
): CallArgument {
  if (argument.kind === 'intervalUnit') return argument;
  if (argument.kind !== 'lambda') return rewriteExpression(argument, replace, bound);
  const inner = new Set([...bound, ...argument.parameters.map((p) => p.name)]);
  return { ...argument, body: rewriteExpression(argument.body, replace, inner) };
}

/** Calls `visit` on every sub-expression, parents first; below a node for which it answers false nothing is visited. */
export function visitExpression(
  expression: Expression,
  visit: (e: Expression, bound: ReadonlySet<string>) => boolean | undefined,
): void {
  rewriteExpression(expression, (e, bound) => (visit(e, bound) === false ? e : null));
}
