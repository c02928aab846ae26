import { AssertionError, assert } from '../../model/errors.js';
import { LikePattern } from '../../model/like.js';
import { literalValue } from '../../model/literal-text.js';
import { NULL_TYPE, type SqlType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import type { BoundArgument, BoundExpression } from '../../planner/expression.js';
import { CodeWriter } from './code-writer.js';
import { ConstantFolder } from './constant-folder.js';
import { emitArithmetic, emitNegate } from './emit-arithmetic.js';
import { emitCast } from './emit-cast.js';
import { emitComparison, equality } from './emit-comparison.js';
import type { ExpressionContext } from './expression-context.js';
import { isSimple, type Mode, type Piece } from './piece.js';
import { LikeSite } from './runtime.js';

type Of<K extends BoundExpression['kind']> = BoundExpression & { readonly kind: K };

/** The JavaScript variable that holds an input column: the same name for the same index within one function. */
export type ColumnVariable = (index: number) => string;

/**
 * Turns expressions into JavaScript text that another code generator splices into one straight-line function:
 *
 * ```ts
 * const code = new ExpressionCode(context);
 * const keep = code.emitPredicate(where, (i) => `c${i}`);
 * const price = code.emitValue(select, (i) => `c${i}`);
 * const step = code.build(`function (row) {
 *   const c0 = row[0], c3 = row[3];
 *   ${code.declarations()}
 *   if (!${keep}) return null;
 *   return [c0, ${price}];
 * }`) as (row: Row) => Row | null;
 * ```
 *
 * - Column variables hold SqlValues, never undefined, and must be declared where the text is used; only the columns of
 *   `columnsOf(expression)` are read. The text may read them several times.
 * - Every name made here begins with `$`. `declarations()` declares the temporaries of all texts emitted so far, so it is
 *   asked last and placed in the one function that holds the texts. That function must not be re-entered while it runs.
 * - The texts never throw: failures are reported to `context.onError` and become null, or false for a predicate.
 * - Values are bound as constants of `build`; nothing a user wrote becomes text.
 */
export class ExpressionCode {
  readonly #context: ExpressionContext;
  readonly #writer: CodeWriter;
  readonly #folder: ConstantFolder | null;
  readonly #nested: boolean;
  #column: ColumnVariable = () => assertNever();
  /** JavaScript names of the lambda parameters around the expression. */
  #parameters = new Map<string, string>();

  /** @param folding whether parts without columns are computed now; default true */
  constructor(context: ExpressionContext, folding = true) {
    this.#context = context;
    this.#nested = context.nestedErrorsAsNull ?? true;
    this.#folder = folding ? new ConstantFolder(context.functions, (e) => computeOnce(e, context)) : null;
    this.#writer = new CodeWriter((cause, label) => context.onError(label, cause));
  }

  /** A JavaScript expression for the value. @param label names the expression in error reports */
  emitValue(e: BoundExpression, column: ColumnVariable, label = ''): string {
    return this.#with(column, () => this.#writer.guard(() => this.#emit(e, 'value'), computing(label)).code);
  }

  /** A JavaScript expression that is `true` when the condition is TRUE, else `false`. */
  emitPredicate(e: BoundExpression, column: ColumnVariable, label = ''): string {
    return this.#with(
      column,
      () => this.#writer.guard(() => this.#emit(e, 'predicate'), computing(label), 'false').code,
    );
  }

  /** A JavaScript expression for the value that throws where {@link emitValue} reports; a null operand is a failure too. */
  emitThrowing(e: BoundExpression, column: ColumnVariable): string {
    return this.#with(column, () => this.#emit(e, 'inner').code);
  }

  /** A variable that holds any value in the built function. */
  constant(value: unknown): string {
    return this.#writer.constant(value);
  }

  /** `let` statements for the temporaries, empty when there are none. */
  declarations(): string {
    return this.#writer.declarations();
  }

  /** Evaluates `body` (a JavaScript expression, normally a function) with everything it needs in scope. */
  build(body: string): unknown {
    return this.#writer.build(body);
  }

  #with<T>(column: ColumnVariable, emit: () => T): T {
    this.#column = column;
    return emit();
  }

  #emit(e: BoundExpression, mode: Mode): Piece {
    const folded = this.#folder?.fold(e);
    if (folded !== undefined) return asPredicate(this.#writer.value(folded), mode);
    switch (e.kind) {
      case 'literal':
        return asPredicate(this.#writer.value(literalValue(e.type, e.value)), mode);
      case 'column':
        return asPredicate(this.#variable(this.#column(e.index), e.type), mode);
      case 'parameter': {
        const name = this.#parameters.get(e.name);
        assert(name !== undefined, 'a parameter stands inside its lambda');
        return asPredicate(this.#variable(name, e.type), mode);
      }
      case 'arithmetic':
        // A null operand is a failure here, so operands may answer null for their own failures.
        return emitArithmetic(
          this.#writer,
          e.operator,
          e.type,
          { piece: this.#emit(e.left, 'value'), type: e.left.type },
          { piece: this.#emit(e.right, 'value'), type: e.right.type },
          mode,
        );
      case 'negate':
        return emitNegate(this.#writer, e.type, this.#emit(e.operand, 'value'), mode);
      case 'comparison':
        return this.#comparison(e, mode);
      case 'logical':
        return this.#logical(e, mode);
      case 'not':
        return this.#not(e, mode);
      case 'isNull': {
        const operand = this.#emit(e.operand, 'inner');
        return { code: `(${operand.code} ${e.negated ? '!==' : '==='} null)`, nullable: false, throws: operand.throws };
      }
      case 'in':
        return this.#in(e, mode);
      case 'like':
        return this.#like(e, mode);
      case 'case':
        return this.#case(e, mode);
      case 'cast':
        return asPredicate(this.#cast(e, mode), mode);
      case 'subscript':
        return asPredicate(this.#subscript(e, mode), mode);
      case 'field': {
        const operand = this.#emit(e.operand, inward(mode));
        const piece = this.#writer.strict([operand], 'value', (o) => ({
          code: `${o}[${this.#writer.integer(e.index)}]`,
          nullable: true,
        }));
        return asPredicate(piece, mode);
      }
      case 'call':
        return asPredicate(this.#call(e, inward(mode)), mode);
      case 'array':
        return constructed(
          e.elements.map((x) => this.#element(x)),
          (elements) => `[${elements.join(', ')}]`,
        );
      case 'map':
        return this.#map(e);
      case 'struct':
        return constructed(
          e.fields.map((x) => this.#element(x)),
          (fields) => `[${fields.join(', ')}]`,
        );
    }
  }

  #variable(name: string, type: SqlType): Piece {
    const plain = type.kind === 'INTEGER' || type.kind === 'DOUBLE';
    return { code: this.#writer.variable(name), nullable: true, throws: false, plain };
  }

  #comparison(e: Of<'comparison'>, mode: Mode): Piece {
    const isDistinct = e.operator.endsWith('DISTINCT FROM');
    // In a filter a comparison that fails and one that is false are the same.
    const operandMode = mode === 'predicate' && !isDistinct ? 'value' : 'inner';
    return emitComparison(
      this.#writer,
      e.operator,
      { piece: this.#emit(e.left, operandMode), type: e.left.type },
      { piece: this.#emit(e.right, operandMode), type: e.right.type },
    );
  }

  #logical(e: Of<'logical'>, mode: Mode): Piece {
    const isAnd = e.operator === 'AND';
    if (mode === 'predicate' && isAnd) {
      return joined([this.#emit(e.left, mode), this.#emit(e.right, mode)], (l, r) => `(${l} && ${r})`);
    }
    const left = this.#boolean(e.left, mode);
    const right = mode === 'predicate' ? this.#emit(e.right, mode) : this.#boolean(e.right, mode);
    if (!left.nullable) {
      const piece = joined([left, right], (l, r) => `(${l} ${isAnd ? '&&' : '||'} ${r})`);
      return { ...piece, nullable: right.nullable };
    }
    const { setup, name } = this.#named(left);
    const otherwise = mode === 'predicate' ? `${name} === true` : name;
    return {
      code: `(${setup}${name} === ${isAnd} ? ${right.code} : ${otherwise})`,
      nullable: mode !== 'predicate',
      throws: left.throws || right.throws,
    };
  }

  /** An operand of AND, OR, NOT, WHEN: null is a failure, so that only `value` and `predicate` mode let it through. */
  #boolean(e: BoundExpression, mode: Mode): Piece {
    const piece = this.#emit(e, inward(mode));
    if (mode !== 'inner' || !piece.nullable) return piece;
    return { code: `${this.#writer.runtime('requireBoolean')}(${piece.code})`, nullable: false, throws: true };
  }

  #not(e: Of<'not'>, mode: Mode): Piece {
    const operand = this.#boolean(e.operand, mode);
    if (!operand.nullable) return { ...operand, code: `!${operand.code}` };
    if (mode === 'predicate') return { ...operand, code: `(${operand.code} === false)`, nullable: false };
    return this.#writer.strict([operand], 'value', (o) => ({ code: `!${o}` }));
  }

  #in(e: Of<'in'>, mode: Mode): Piece {
    const operand = this.#emit(e.operand, mode === 'predicate' && !e.negated ? 'value' : 'inner');
    const set = this.#constantSet(e);
    const items = set === null ? e.items.map((item) => this.#emit(item, 'inner')) : [];
    const piece = this.#writer.strict(
      [operand],
      'value',
      (o) => {
        const found =
          set !== null
            ? `${this.#writer.constant(set)}.has(${o})`
            : items.map((item) => `${equality(this.#writer, e.operand.type, o!, item.code)}`).join(' || ');
        return { code: found, throws: items.some((item) => item.throws) };
      },
      'false',
    );
    return e.negated ? { ...piece, code: `!${piece.code}` } : piece;
  }

  /** The items as a set, when all are constants that JavaScript compares by value; nulls never match. */
  #constantSet(e: Of<'in'>): ReadonlySet<SqlValue> | null {
    const { kind } = e.operand.type;
    if (kind === 'DOUBLE' || kind === 'BYTES' || kind === 'ARRAY' || kind === 'MAP' || kind === 'STRUCT') return null;
    const values = new Set<SqlValue>();
    for (const item of e.items) {
      const value = item.kind === 'literal' ? literalValue(item.type, item.value) : this.#folder?.fold(item);
      if (value === undefined) return null;
      if (value !== null) values.add(value);
    }
    return values;
  }

  #like(e: Of<'like'>, mode: Mode): Piece {
    const operand = this.#emit(e.operand, 'value');
    const pattern = this.#emit(e.pattern, 'value');
    const not = e.negated ? '!' : '';
    const whenNull = mode === 'predicate' ? 'false' : undefined;
    const compiled = this.#constantPattern(e);
    if (compiled !== null) {
      return this.#writer.strict(
        [operand],
        mode,
        (o) => ({ code: `${not}${this.#writer.constant(compiled)}.matches(${o})` }),
        whenNull,
      );
    }
    const site = this.#writer.constant(new LikeSite(e.escape));
    return this.#writer.strict(
      [operand, pattern],
      mode,
      (o, p) => ({ code: `${not}${site}.matches(${o}, ${p})`, throws: e.escape !== null }),
      whenNull,
    );
  }

  #constantPattern(e: Of<'like'>): LikePattern | null {
    const text = e.pattern.kind === 'literal' ? e.pattern.value : this.#folder?.fold(e.pattern);
    if (typeof text !== 'string') return null;
    try {
      return LikePattern.compile(text, e.escape);
    } catch {
      return null;
    }
  }

  #case(e: Of<'case'>, mode: Mode): Piece {
    const branchMode = mode;
    let throws = false;
    let nullable = false;
    const parts: string[] = [];
    for (const branch of e.branches) {
      const when = this.#boolean(branch.when, mode === 'inner' ? 'inner' : 'value');
      const then = this.#emit(branch.then, branchMode);
      throws ||= when.throws || then.throws;
      nullable ||= then.nullable || when.nullable;
      if (!when.nullable) {
        parts.push(`${when.code} ? ${then.code} : `);
        continue;
      }
      const { setup, name } = this.#named(when);
      parts.push(
        `(${setup}${name} === true) ? ${then.code} : ${name} === null ? ${mode === 'predicate' ? 'false' : 'null'} : `,
      );
    }
    const otherwise = e.otherwise && this.#emit(e.otherwise, branchMode);
    const last = otherwise?.code ?? (mode === 'predicate' ? 'false' : 'null');
    return {
      code: `(${parts.join('')}${last})`,
      nullable: mode !== 'predicate' && (nullable || otherwise === null || otherwise.nullable),
      throws: throws || otherwise?.throws === true,
    };
  }

  #cast(e: Of<'cast'>, mode: Mode): Piece {
    const { type, operand } = e;
    if (e.implicit === true || !this.#nested) {
      return emitCast(this.#writer, operand.type, type, this.#emit(operand, inward(mode)));
    }
    return this.#writer.guard(
      () => emitCast(this.#writer, operand.type, type, this.#emit(operand, 'value')),
      'Error processing CAST',
    );
  }

  #subscript(e: Of<'subscript'>, mode: Mode): Piece {
    const operand = this.#emit(e.operand, inward(mode));
    if (e.operand.type.kind === 'MAP') return this.#entry(e, operand, e.operand.type.key, mode);
    const index = this.#emit(e.index, 'value');
    const at = this.#writer.runtime('elementAt');
    const failing = index.nullable && mode === 'inner' ? `${this.#writer.runtime('failNull')}()` : 'null';
    return this.#writer.strict([operand, { ...index, nullable: false }], 'value', (o, i) => ({
      code: index.nullable ? `${i} === null ? ${failing} : ${at}(${o}, ${i})` : `${at}(${o}, ${i})`,
      nullable: true,
      throws: failing !== 'null',
    }));
  }

  #entry(e: Of<'subscript'>, operand: Piece, keyType: SqlType, mode: Mode): Piece {
    const key = this.#emit(e.index, inward(mode));
    return this.#writer.strict([operand, { ...key, nullable: false }], 'value', (o, k) => ({
      code: comparedByContent(keyType)
        ? `${this.#writer.runtime('entryOf')}(${o}, ${k}, ${this.#writer.constant(keyType)})`
        : `${o}.get(${k}) ?? null`,
      nullable: true,
    }));
  }

  #call(e: Of<'call'>, mode: Mode): Piece {
    const types = e.arguments.map((a) => (a.kind === 'lambda' || a.kind === 'intervalUnit' ? NULL_TYPE : a.type));
    const { functions, evaluation } = this.#context;
    const { code, nulls } = functions.scalar(e.name, e.signature, types, e.type, evaluation);
    // Where the code looks at nulls itself, an argument must not pass a failure off as one.
    const argumentMode = nulls === 'fail' || (nulls === 'propagate' && mode === 'value') ? 'value' : 'inner';
    const pieces = e.arguments.map((a) => this.#argument(a, argumentMode));
    const name = this.#writer.constant(code);
    const call = (...names: string[]): { code: string; throws: boolean; nullable: boolean } => ({
      code: `${name}(${names.join(', ')})`,
      throws: true,
      nullable: true,
    });
    if (nulls === 'pass') return { ...call(...pieces.map((p) => p.code)), plain: e.type.kind === 'INTEGER' };
    const piece = this.#writer.strict(pieces, nulls === 'fail' ? mode : 'value', call);
    return { ...piece, plain: e.type.kind === 'INTEGER' };
  }

  #argument(a: BoundArgument, mode: Mode): Piece {
    if (a.kind === 'intervalUnit') return { code: this.#writer.constant(a.unit), nullable: false, throws: false };
    if (a.kind === 'lambda') return { code: this.#lambda(a), nullable: false, throws: false };
    if (!this.#nested || (a.kind !== 'call' && a.kind !== 'field')) return this.#emit(a, mode);
    const label = `Error processing ${a.name}`;
    return this.#writer.guard(() => this.#emit(a, 'value'), label);
  }

  /** The code of a `LambdaValue`. */
  #lambda(a: BoundArgument & { readonly kind: 'lambda' }): string {
    const outer = this.#parameters;
    const names = a.parameters.map(() => this.#writer.freshName('p'));
    this.#parameters = new Map(outer);
    for (const [i, p] of a.parameters.entries()) this.#parameters.set(p.name, names[i]!);
    try {
      return this.#writer.closure(names, () => this.#emit(a.body, 'inner'));
    } finally {
      this.#parameters = outer;
    }
  }

  /** An element of a constructor: fails by itself. */
  #element(e: BoundExpression): Piece {
    if (!this.#nested) return this.#emit(e, 'inner');
    return this.#writer.guard(() => this.#emit(e, 'value'), 'Error processing element of constructor');
  }

  #map(e: Of<'map'>): Piece {
    const entries = e.entries.map(({ key, value }) => [this.#element(key), this.#element(value)] as const);
    const keyType = (e.type as SqlType & { kind: 'MAP' }).key;
    return constructed(entries.flat(), (codes) => {
      if (comparedByContent(keyType)) {
        return `${this.#writer.runtime('mapByContent')}(${this.#writer.constant(keyType)}, ${codes.join(', ')})`;
      }
      const sets = entries.map((_, i) => `.set(${codes[2 * i]}, ${codes[2 * i + 1]})`);
      return `new Map()${sets.join('')}`;
    });
  }

  #named(piece: Piece): { setup: string; name: string } {
    if (isSimple(piece.code)) return { setup: '', name: piece.code };
    const name = this.#writer.temporary();
    return { setup: `${name} = ${piece.code}, `, name };
  }
}

/** The value of an expression without columns. @throws whatever fails in the expression or, caught there, in a part of it */
export function computeOnce(e: BoundExpression, context: ExpressionContext): SqlValue {
  const failing = {
    ...context,
    onError: (_message: string, cause: unknown) => {
      throw cause;
    },
  };
  return evaluateOnce(e, failing);
}

/**
 * The value of an expression without columns.
 * @throws Error where it fails
 */
function evaluateOnce(e: BoundExpression, context: ExpressionContext): SqlValue {
  const code = new ExpressionCode(context, false);
  const text = code.emitThrowing(e, () => assertNever());
  const evaluate = code.build(`function () { ${code.declarations()}return ${text}; }`) as () => SqlValue;
  return evaluate();
}

/** For operands that hand their null on: what null means to them is what it means outside. */
function inward(mode: Mode): Mode {
  return mode === 'predicate' ? 'value' : mode;
}

/** A piece of any boolean, made a JavaScript boolean where a filter wants one. */
function asPredicate(piece: Piece, mode: Mode): Piece {
  if (mode !== 'predicate' || !piece.nullable) return piece;
  return { ...piece, code: `(${piece.code} === true)`, nullable: false };
}

function joined(pieces: readonly [Piece, Piece], code: (left: string, right: string) => string): Piece {
  const [left, right] = pieces;
  return { code: code(left.code, right.code), nullable: false, throws: left.throws || right.throws };
}

function constructed(parts: readonly Piece[], code: (codes: string[]) => string): Piece {
  return { code: code(parts.map((p) => p.code)), nullable: false, throws: parts.some((p) => p.throws) };
}

/** Whether JavaScript's `Map` would compare keys of this type by identity. */
function comparedByContent(type: SqlType): boolean {
  return type.kind === 'BYTES' || type.kind === 'ARRAY' || type.kind === 'MAP' || type.kind === 'STRUCT';
}

function computing(label: string): string {
  return label === '' ? 'Error computing expression' : `Error computing expression ${label}`;
}

function assertNever(): never {
  throw new AssertionError('a constant expression reads no column');
}
