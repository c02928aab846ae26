import type { FunctionRegistry } from '../../functions/registry.js';
import type { SqlValue } from '../../model/value.js';
import type { BoundExpression } from '../../planner/expression.js';

/** Finds the parts of expressions that have one value, and computes it. */
export class ConstantFolder {
  readonly #functions: FunctionRegistry;
  readonly #compute: (e: BoundExpression) => SqlValue;
  readonly #constants = new WeakMap<BoundExpression, boolean>();
  readonly #values = new WeakMap<BoundExpression, { readonly value: SqlValue } | null>();

  /** @param compute evaluates an expression without columns; throws when any part of it fails */
  constructor(functions: FunctionRegistry, compute: (e: BoundExpression) => SqlValue) {
    this.#functions = functions;
    this.#compute = compute;
  }

  /** The value of a constant expression; undefined when it has none, or when it fails: that is reported for each row. */
  fold(e: BoundExpression): SqlValue | undefined {
    if (e.kind === 'literal' || !this.#isConstant(e)) return undefined;
    let found = this.#values.get(e);
    if (found === undefined) {
      found = this.#evaluate(e);
      this.#values.set(e, found);
    }
    return found?.value;
  }

  #isConstant(e: BoundExpression): boolean {
    let known = this.#constants.get(e);
    if (known === undefined) {
      known = this.#decide(e);
      this.#constants.set(e, known);
    }
    return known;
  }

  #decide(e: BoundExpression): boolean {
    const all = (parts: readonly BoundExpression[]): boolean => parts.every((part) => this.#isConstant(part));
    switch (e.kind) {
      case 'literal':
        return true;
      case 'column':
      case 'parameter':
        return false;
      case 'call': {
        const definition = this.#functions.find(e.name, e.signature);
        if (definition?.kind !== 'scalar' || !definition.deterministic) return false;
        return e.arguments.every((a) => a.kind === 'intervalUnit' || (a.kind !== 'lambda' && this.#isConstant(a)));
      }
      case 'arithmetic':
      case 'comparison':
      case 'logical':
        return all([e.left, e.right]);
      case 'negate':
      case 'not':
      case 'isNull':
      case 'cast':
      case 'field':
        return this.#isConstant(e.operand);
      case 'in':
        return all([e.operand, ...e.items]);
      case 'like':
        return all([e.operand, e.pattern]);
      case 'case':
        return all([...e.branches.flatMap((b) => [b.when, b.then]), ...(e.otherwise === null ? [] : [e.otherwise])]);
      case 'subscript':
        return all([e.operand, e.index]);
      case 'array':
        return all(e.elements);
      case 'map':
        return all(e.entries.flatMap((entry) => [entry.key, entry.value]));
      case 'struct':
        return all(e.fields);
    }
  }

  #evaluate(e: BoundExpression): { readonly value: SqlValue } | null {
    try {
      return { value: this.#compute(e) };
    } catch {
      return null;
    }
  }
}
