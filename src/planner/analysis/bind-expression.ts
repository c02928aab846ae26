import { castFunction, unsupportedCast } from '../../model/cast.js';
import { assert, StatementError, unreachable } from '../../model/errors.js';
import { literalValue } from '../../model/literal-text.js';
import type { SourceSpan } from '../../model/source-span.js';
import {
  arrayType,
  BIGINT,
  BOOLEAN,
  formatType,
  isNumeric,
  mapType,
  NULL_TYPE,
  type SqlType,
  STRING,
  sameType,
  structType,
} from '../../model/sql-type.js';
import { parseTimestamp } from '../../model/temporal-text.js';
import type { CallArgument, ComparisonOperator, Expression, Identifier, Lambda } from '../../parser/ast.js';
import type { BoundArgument, BoundExpression } from '../expression.js';
import { arithmeticType } from './arithmetic-type.js';
import { bindComparison, type Operand } from './bind-comparison.js';
import type { BindContext, BoundCall, CallExpression } from './bind-context.js';
import { castTo } from './cast-to.js';
import { CoercionError, coerceList } from './coerce-list.js';
import { asDecimal } from './common-type.js';
import { expressionText, nameText } from './expression-text.js';
import { boundLiteral, literalToValue } from './literals.js';
import { sameExpression } from './same-expression.js';
import { nearest } from './scope.js';
import { resolveType } from './types.js';

export type { BindContext, BoundCall, CallExpression, CallHook } from './bind-context.js';

/**
 * The expression with names resolved, types checked, overloads chosen and implicit conversions written out.
 * A bare NULL keeps the type NULL where nothing gives it one.
 * @throws StatementError in ksqlDB's words
 */
export function bindExpression(e: Expression, context: BindContext): BoundExpression {
  return inClause(context, () => new Binder(context, NO_PARAMETERS).bind(e));
}

/**
 * A condition of WHERE or HAVING.
 * @throws StatementError also when it is no BOOLEAN: `Type error in WHERE expression: Should evaluate to boolean but is ...`
 */
export function bindPredicate(e: Expression, context: BindContext): BoundExpression {
  const binder = new Binder(context, NO_PARAMETERS);
  try {
    return inClause(context, () => binder.bindBoolean(e));
  } catch (error) {
    if (error instanceof StatementError && isTypeCode(error.code)) throw error.with({ statementText: binder.text(e) });
    throw error;
  }
}

/**
 * The arguments of a call and its overload: what hooks use for aggregate and table functions.
 * @throws StatementError
 */
export function bindCall(call: CallExpression, context: BindContext): BoundCall {
  return inClause(context, () => new Binder(context, NO_PARAMETERS).bindCall(call));
}

/** How messages print an expression of this context: columns by the name they have in the input of the clause. */
export function boundText(e: Expression, context: BindContext): string {
  return new Binder(context, NO_PARAMETERS).text(e);
}

/**
 * ksqlDB finds some errors while it types an expression and others (`code`) while it generates code, and says so in
 * front of the message.
 */
class Problem extends Error {
  constructor(
    message: string,
    readonly stage: 'type' | 'code',
    readonly code: string,
    readonly span: SourceSpan,
    readonly hint?: string,
  ) {
    super(message);
  }
}

const TYPE_CODES: ReadonlySet<string> = new Set([
  'type-mismatch',
  'unsupported-arithmetic',
  'null-comparison',
  'not-boolean',
]);

function isTypeCode(code: string): boolean {
  return TYPE_CODES.has(code);
}

function inClause<T>(context: BindContext, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new StatementError(prefix(context.clause, error.stage) + error.message, {
      code: error.code,
      span: error.span,
      hint: error.hint,
    });
  }
}

function prefix(clause: string, stage: 'type' | 'code'): string {
  const isFilter = clause === 'WHERE' || clause === 'HAVING';
  if (stage === 'type') return isFilter ? `Error in ${clause} expression: ` : '';
  if (isFilter) return 'Invalid Predicate: ';
  return `Invalid ${clause.toLowerCase().replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}: `;
}

/** The parameters of the lambdas around an expression, with their types. */
type Parameters = ReadonlyMap<string, SqlType>;

const NO_PARAMETERS: Parameters = new Map();

const ISSUE = '(see https://github.com/confluentinc/ksql/issues/4239)';
const LAMBDA_PARAMETERS_MAX = 3;

/** Names whose comparison with a string literal means a point in time. */
const TIME_COLUMNS: ReadonlySet<string> = new Set(['ROWTIME', 'WINDOWSTART', 'WINDOWEND']);

class Binder {
  readonly #context: BindContext;
  readonly #parameters: Parameters;

  constructor(context: BindContext, parameters: Parameters) {
    this.#context = context;
    this.#parameters = parameters;
  }

  bind(e: Expression): BoundExpression {
    const replaced = this.#context.replace?.(e) ?? null;
    if (replaced !== null) return replaced;
    switch (e.kind) {
      case 'null':
      case 'boolean':
      case 'integer':
      case 'decimal':
      case 'double':
      case 'string': {
        const { type, value } = literalToValue(e);
        return boundLiteral(type, value);
      }
      case 'column':
        return this.#column(e.source, e.name);
      case 'sign':
        return this.#sign(e);
      case 'arithmetic':
        return this.#arithmetic(e);
      case 'concat':
        return this.#call({
          kind: 'call',
          name: { name: 'CONCAT', quoted: false, span: e.span },
          star: false,
          arguments: [e.left, e.right],
          span: e.span,
        });
      case 'atTimeZone':
        throw new StatementError('AT TIME ZONE is not supported.', {
          code: 'unsupported-expression',
          span: e.span,
          hint: 'CONVERT_TZ(timestamp, fromZone, toZone) converts a TIMESTAMP between time zones.',
        });
      case 'comparison':
        return this.#comparison(e.operator, e.left, e.right, e.span);
      case 'logical':
        return {
          kind: 'logical',
          type: BOOLEAN,
          operator: e.operator,
          left: this.bindBoolean(e.left),
          right: this.bindBoolean(e.right),
        };
      case 'not':
        return not(this.bindBoolean(e.operand));
      case 'isNull':
        return { kind: 'isNull', type: BOOLEAN, operand: this.bind(e.operand), negated: e.negated };
      case 'between':
        return this.#between(e);
      case 'in':
        return this.#in(e);
      case 'like':
        return this.#like(e);
      case 'case':
        return this.#case(e);
      case 'cast':
        return this.#cast(e);
      case 'subscript':
        return this.#subscript(e);
      case 'dereference':
        return this.#dereference(e);
      case 'call':
        return this.#call(e);
      case 'arrayConstructor':
        return this.#array(e);
      case 'mapConstructor':
        return this.#map(e);
      case 'structConstructor':
        return this.#struct(e);
      default:
        return unreachable(e);
    }
  }

  bindBoolean(e: Expression): BoundExpression {
    const bound = this.bind(e);
    if (bound.type.kind === 'BOOLEAN') return bound;
    const message =
      `Type error in ${this.#context.clause} expression: ` +
      `Should evaluate to boolean but is ${this.text(e)} (${formatType(bound.type)}) instead.`;
    throw new StatementError(message, { code: 'not-boolean', span: e.span });
  }

  text(e: CallArgument): string {
    return expressionText(e, (column) => {
      if (column.source === null && this.#parameters.has(column.name.name)) return column.name.name;
      const found =
        column.source === null
          ? this.#context.scope.find(column.name.name)
          : this.#context.scope.tryResolve(column.source, column.name);
      const name = found?.displayName ?? column.name.name;
      return nameText({ ...column.name, name });
    });
  }

  bindCall(call: CallExpression): BoundCall {
    const definition = this.#context.functions.find(call.name.name);
    if (definition === null) throw this.#unknownFunction(call.name);
    if (definition.kind === 'aggregate' && call.arguments.length === 0) {
      const rowtime = this.#context.rowtime?.() ?? this.#column(null, { ...call.name, name: 'ROWTIME' });
      return this.#resolveCall(call, definition, [rowtime]);
    }
    return this.#resolveCall(
      call,
      definition,
      call.arguments.map((argument) => (isLambdaOrUnit(argument) ? argument : this.bind(argument))),
    );
  }

  #column(source: Identifier | null, name: Identifier): BoundExpression {
    const parameter = source === null ? this.#parameters.get(name.name) : undefined;
    if (parameter !== undefined) return { kind: 'parameter', type: parameter, name: name.name };
    const found = this.#context.scope.resolve(source, name, this.#context.clause);
    return { kind: 'column', type: found.column.type, index: found.index, name: found.displayName };
  }

  #sign(e: Expression & { kind: 'sign' }): BoundExpression {
    const operand = this.bind(e.operand);
    const type = operand.type;
    if (!isNumeric(type)) {
      const reason =
        type.kind === 'NULL'
          ? 'Arithmetic on types null are not supported.'
          : `Unsupported arithmetic types. ${type.kind}`;
      throw new Problem(
        `Error processing expression: ${this.text(e)}. ${reason}`,
        'type',
        'unsupported-arithmetic',
        e.span,
      );
    }
    return e.operator === '+' ? operand : { kind: 'negate', type, operand };
  }

  #arithmetic(e: Expression & { kind: 'arithmetic' }): BoundExpression {
    const left = this.bind(e.left);
    const right = this.bind(e.right);
    const { type, complaint } = arithmeticType(e.operator, left.type, right.type);
    if (type === undefined) {
      throw new Problem(
        `Error processing expression: ${this.text(e)}. ${complaint}`,
        'type',
        'unsupported-arithmetic',
        e.span,
      );
    }
    const convert = (operand: BoundExpression): BoundExpression =>
      castTo(operand, type.kind === 'DECIMAL' ? asDecimal(operand.type) : type, 'implicit');
    return { kind: 'arithmetic', type, operator: e.operator, left: convert(left), right: convert(right) };
  }

  #comparison(operator: ComparisonOperator, left: Expression, right: Expression, span: SourceSpan): BoundExpression {
    const compared = bindComparison(
      operator,
      this.#operand(left, this.#pointInTime(left, right)),
      this.#operand(right, this.#pointInTime(right, left)),
    );
    if ('bound' in compared) return compared.bound;
    const code = compared.complaint.startsWith('Cannot') ? 'type-mismatch' : 'null-comparison';
    throw new Problem(compared.complaint, 'type', code, span);
  }

  #operand(e: Expression, replacement: BoundExpression | null): Operand {
    return { expression: replacement ?? this.bind(e), text: () => this.text(e) };
  }

  /** The ms since the epoch that a string literal beside ROWTIME, WINDOWSTART or WINDOWEND means; null elsewhere. */
  #pointInTime(e: Expression, other: Expression): BoundExpression | null {
    if (e.kind !== 'string' || other.kind !== 'column' || !TIME_COLUMNS.has(other.name.name)) return null;
    if (other.source === null && this.#parameters.has(other.name.name)) return null;
    try {
      return boundLiteral(BIGINT, parseTimestamp(e.value));
    } catch (error) {
      throw new StatementError((error as Error).message, {
        code: 'invalid-timestamp',
        span: e.span,
        hint: "Write an ISO timestamp or its beginning: '2020-05-26T23:59:58.000', '2020-05'.",
      });
    }
  }

  #between(e: Expression & { kind: 'between' }): BoundExpression {
    const within: BoundExpression = {
      kind: 'logical',
      type: BOOLEAN,
      operator: 'AND',
      left: this.#comparison('>=', e.operand, e.low, e.span),
      right: this.#comparison('<=', e.operand, e.high, e.span),
    };
    return e.negated ? not(within) : within;
  }

  #in(e: Expression & { kind: 'in' }): BoundExpression {
    const items = [e.operand, ...e.items].map((item) => ({
      expression: this.bind(item),
      text: () => this.text(item),
    }));
    const { expressions } = this.#coerced(items, 'code', e.span);
    return {
      kind: 'in',
      type: BOOLEAN,
      operand: expressions[0]!,
      items: expressions.slice(1),
      negated: e.negated,
    };
  }

  #coerced(items: readonly Operand[], stage: 'type' | 'code', span: SourceSpan): ReturnType<typeof coerceList> {
    try {
      return coerceList(items);
    } catch (error) {
      if (!(error instanceof CoercionError)) throw error;
      throw new Problem(error.message, stage, 'incompatible-list', span);
    }
  }

  #like(e: Expression & { kind: 'like' }): BoundExpression {
    if (e.escape !== null && e.escape.length !== 1) {
      throw new StatementError(`Expected single character escape but got: ${e.escape}`, {
        code: 'invalid-escape',
        span: e.span,
      });
    }
    const operand = this.bind(e.operand);
    const pattern = this.bind(e.pattern);
    for (const { type } of [operand, pattern]) {
      if (type.kind === 'STRING' || type.kind === 'NULL') continue;
      throw new StatementError(
        `The column type for Like condition must be VARCHAR. The column type is ${formatType(type)}`,
        { code: 'type-mismatch', span: e.span, hint: 'CAST the operand AS STRING.' },
      );
    }
    return {
      kind: 'like',
      type: BOOLEAN,
      operand: castTo(operand, STRING, 'implicit'),
      pattern: castTo(pattern, STRING, 'implicit'),
      escape: e.escape,
      negated: e.negated,
    };
  }

  #case(e: Expression & { kind: 'case' }): BoundExpression {
    if (e.operand !== null && this.#context.simpleCase === false) {
      throw new StatementError('Simple CASE expressions are not supported.', {
        code: 'not-in-dialect',
        span: e.span,
        hint: 'Write CASE WHEN x = value THEN ... END.',
      });
    }
    const branches = e.branches.map((branch) => ({
      when: this.#when(e.operand, branch.when),
      then: this.bind(branch.then),
    }));
    const otherwise = e.otherwise && this.bind(e.otherwise);
    let type: SqlType = NULL_TYPE;
    let first: Expression | null = null;
    for (const [i, { then }] of branches.entries()) {
      const written = e.branches[i]!.then;
      if (then.type.kind === 'NULL') continue;
      if (first === null) {
        type = then.type;
        first = written;
      } else if (!sameType(type, then.type)) {
        throw this.#branchProblem(
          "Type for all 'THEN' clauses should be the same.",
          `THEN expression '${this.text(first)}' has type: ${formatType(type)}.`,
          `THEN expression '${this.text(written)}' has type: ${formatType(then.type)}.`,
          e.span,
        );
      }
    }
    if (otherwise !== null && otherwise.type.kind !== 'NULL') {
      if (first === null) {
        type = otherwise.type;
      } else if (!sameType(type, otherwise.type)) {
        throw this.#branchProblem(
          "Type for the default clause should be the same as for 'THEN' clauses.",
          `THEN type: ${formatType(type)}.`,
          `DEFAULT type: ${formatType(otherwise.type)}.`,
          e.span,
        );
      }
    }
    if (type.kind === 'NULL') {
      throw new Problem('Invalid Case expression. All case branches have NULL type', 'type', 'invalid-case', e.span);
    }
    return {
      kind: 'case',
      type,
      branches: branches.map((branch) => ({ when: branch.when, then: castTo(branch.then, type, 'implicit') })),
      otherwise: otherwise && castTo(otherwise, type, 'implicit'),
    };
  }

  #when(operand: Expression | null, when: Expression): BoundExpression {
    if (operand !== null) return this.#comparison('=', operand, when, when.span);
    const bound = this.bind(when);
    if (bound.type.kind === 'BOOLEAN') return bound;
    throw new Problem(
      `WHEN operand type should be boolean.\nType for '${this.text(when)}' is ${formatType(bound.type)}`,
      'type',
      'not-boolean',
      when.span,
    );
  }

  #branchProblem(rule: string, first: string, second: string, span: SourceSpan): Problem {
    return new Problem(
      `Invalid Case expression. ${rule}\n${first}\n${second}`,
      'type',
      'invalid-case',
      span,
      'CAST the branches to one type.',
    );
  }

  #cast(e: Expression & { kind: 'cast' }): BoundExpression {
    const type = resolveType(e.type, this.#context.types);
    const operand = this.bind(e.operand);
    if (operand.type.kind === 'NULL') return boundLiteral(type, null);
    if (castFunction(operand.type, type) === null) {
      throw new Problem(unsupportedCast(operand.type, type), 'code', 'unsupported-cast', e.span);
    }
    return { kind: 'cast', type, operand };
  }

  #subscript(e: Expression & { kind: 'subscript' }): BoundExpression {
    const operand = this.bind(e.operand);
    const index = this.bind(e.index);
    if (operand.type.kind === 'ARRAY') {
      if (index.type.kind !== 'INTEGER' && index.type.kind !== 'BIGINT' && index.type.kind !== 'NULL') {
        throw new Problem(
          `Array subscript ${this.text(e.index)} must be INTEGER or BIGINT, not ${formatType(index.type)}.`,
          'type',
          'type-mismatch',
          e.index.span,
        );
      }
      return { kind: 'subscript', type: operand.type.element, operand, index };
    }
    if (operand.type.kind === 'MAP') {
      return {
        kind: 'subscript',
        type: operand.type.value,
        operand,
        index: this.#mapKey(e.index, index, operand.type.key),
      };
    }
    throw new Problem(
      `Subscript expression (${this.text(e)}) do not apply to ${formatType(operand.type)}.`,
      'type',
      'type-mismatch',
      e.span,
    );
  }

  #mapKey(written: Expression, index: BoundExpression, key: SqlType): BoundExpression {
    const widens =
      sameType(index.type, key) ||
      index.type.kind === 'NULL' ||
      (isNumeric(index.type) && isNumeric(key) && castFunction(index.type, key) !== null) ||
      (index.type.kind === 'STRING' && castFunction(index.type, key) !== null);
    if (widens) return castTo(index, key, 'implicit');
    throw new Problem(
      `Map subscript ${this.text(written)} must be ${formatType(key)}, not ${formatType(index.type)}.`,
      'type',
      'type-mismatch',
      written.span,
    );
  }

  #dereference(e: Expression & { kind: 'dereference' }): BoundExpression {
    const operand = this.bind(e.operand);
    const type = operand.type;
    if (type.kind !== 'STRUCT') {
      throw new Problem(`Expected STRUCT type, got: ${formatType(type)}`, 'type', 'type-mismatch', e.span);
    }
    const name = e.field.name;
    const index = type.fields.findIndex((field) => field.name === name);
    if (index < 0) {
      const near = nearest(
        name,
        type.fields.map((field) => field.name),
      );
      throw new Problem(
        `Could not find field '${name}' in '${this.text(e.operand)}'.`,
        'type',
        'unknown-field',
        e.field.span,
        near === null ? `The fields are ${type.fields.map((f) => f.name).join(', ')}.` : `Did you mean '${near}'?`,
      );
    }
    return { kind: 'field', type: type.fields[index]!.type, operand, index, name };
  }

  #array(e: Expression & { kind: 'arrayConstructor' }): BoundExpression {
    if (e.elements.length === 0) {
      throw new Problem(
        `Array constructor cannot be empty. Please supply at least one element ${ISSUE}.`,
        'type',
        'empty-constructor',
        e.span,
      );
    }
    const { type, expressions } = this.#entries(e.elements, e.span);
    if (type === null) throw this.#allNull('an array', 'elements', 'value', e.span);
    return { kind: 'array', type: arrayType(type), elements: expressions };
  }

  #map(e: Expression & { kind: 'mapConstructor' }): BoundExpression {
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
      throw new StatementError(`Duplicate keys found in MAP: ${this.text(entry.key)}`, {
        code: 'duplicate-map-key',
        span: entry.key.span,
      });
    });
    const keys = this.#entries(
      e.entries.map((entry) => entry.key),
      e.span,
    );
    const values = this.#entries(
      e.entries.map((entry) => entry.value),
      e.span,
    );
    if (keys.type === null) throw this.#allNull('a map', 'keys', 'key', e.span);
    if (values.type === null) throw this.#allNull('a map', 'values', 'value', e.span);
    return {
      kind: 'map',
      type: mapType(keys.type, values.type),
      entries: keys.expressions.map((key, i) => ({ key, value: values.expressions[i]! })),
    };
  }

  #entries(written: readonly Expression[], span: SourceSpan): ReturnType<typeof coerceList> {
    const items = written.map((item) => ({ expression: this.bind(item), text: () => this.text(item) }));
    return this.#coerced(items, 'type', span);
  }

  #allNull(what: string, parts: string, part: string, span: SourceSpan): Problem {
    return new Problem(
      `Cannot construct ${what} with all NULL ${parts} ${ISSUE}. ` +
        `As a workaround, you may cast a NULL ${part} to the desired type.`,
      'type',
      'untyped-null',
      span,
    );
  }

  #struct(e: Expression & { kind: 'structConstructor' }): BoundExpression {
    const names = e.fields.map((field) => field.name.name);
    const duplicate = names.find((name, i) => names.indexOf(name) !== i);
    if (duplicate !== undefined) {
      throw new StatementError(`Duplicate field names found in STRUCT: '${duplicate}'`, {
        code: 'duplicate-field',
        span: e.span,
      });
    }
    const fields = e.fields.map((field) => this.bind(field.value));
    fields.forEach((field, i) => {
      if (field.type.kind === 'NULL') throw untypedNull(e.fields[i]!.value.span);
    });
    return { kind: 'struct', type: structType(fields.map((f, i) => ({ name: names[i]!, type: f.type }))), fields };
  }

  #call(call: CallExpression): BoundExpression {
    const definition = this.#context.functions.find(call.name.name);
    if (definition === null) throw this.#unknownFunction(call.name);
    if (definition.kind !== 'scalar') {
      const hook = definition.kind === 'aggregate' ? this.#context.onAggregate : this.#context.onTableFunction;
      if (hook === undefined) {
        const what = definition.kind === 'aggregate' ? 'aggregate function' : 'table function';
        throw new StatementError(
          `${this.#context.clause} does not support ${what}s: ${definition.name} is ${what === 'table function' ? 'a' : 'an'} ${what}.`,
          { code: `unexpected-${definition.kind}-function`, span: call.span },
        );
      }
      return hook(call, definition, (changes) =>
        new Binder({ ...this.#context, ...changes }, this.#parameters).bindCall(call),
      );
    }
    const bound = this.bindCall(call);
    return {
      kind: 'call',
      type: bound.resolved.returnType,
      name: definition.name,
      signature: bound.resolved.signature,
      arguments: bound.arguments,
    };
  }

  #unknownFunction(name: Identifier): StatementError {
    const near = nearest(
      name.name.toUpperCase(),
      this.#context.functions.all().map((f) => f.name),
    );
    return new StatementError(`Can't find any functions with the name '${name.name.toUpperCase()}'`, {
      code: 'unknown-function',
      span: name.span,
      hint: near === null ? 'LIST FUNCTIONS shows them all.' : `Did you mean '${near}'?`,
    });
  }

  #resolveCall(
    call: CallExpression,
    definition: BoundCall['definition'],
    args: readonly (BoundExpression | Lambda | (CallArgument & { kind: 'intervalUnit' }))[],
  ): BoundCall {
    const literals = args.map((a) => (a.kind === 'literal' ? literalValue(a.type, a.value) : undefined));
    const resolve = (shapes: typeof args): BoundCall['resolved'] =>
      this.#context.functions.resolve(
        definition.name,
        shapes.map((a, i) => {
          if (a.kind === 'intervalUnit') return { kind: 'unit' };
          if (a.kind === 'lambda') {
            return {
              kind: 'lambda',
              parameters: a.parameters.length,
              resultType: (types) => this.#lambda(a, types).body.type,
            };
          }
          return literals[i] === undefined
            ? { kind: 'value', type: a.type }
            : { kind: 'value', type: a.type, literal: literals[i] };
        }),
      );
    let chosen = args;
    let resolved: BoundCall['resolved'];
    try {
      for (const a of args) if (a.kind === 'lambda') this.#checkLambda(a);
      resolved = resolve(args);
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      // `DAY` may be a column of that name rather than a unit.
      const named = args.map((a) =>
        a.kind === 'intervalUnit' && this.#context.scope.has(a.name.name) ? this.#column(null, a.name) : a,
      );
      if (named.every((a, i) => a === args[i])) throw error.with({ span: call.span });
      chosen = named;
      resolved = resolve(named);
    }
    const bound = chosen.map((a, i): BoundArgument => {
      if (a.kind === 'intervalUnit') return { kind: 'intervalUnit', unit: a.unit };
      if (a.kind === 'lambda') {
        const types = resolved.lambdaParameterTypes[i];
        assert(types !== null && types !== undefined, 'a lambda argument has parameter types');
        return this.#lambda(a, types);
      }
      const type = resolved.parameterTypes[i];
      return type === null || type === undefined || type.kind === 'NULL' ? a : castTo(a, type, 'implicit');
    });
    return { definition, resolved, arguments: bound, literals };
  }

  #checkLambda(lambda: Lambda): void {
    if (lambda.parameters.length > LAMBDA_PARAMETERS_MAX) {
      throw new StatementError('Unsupported number of lambda arguments.', {
        code: 'invalid-lambda',
        span: lambda.span,
      });
    }
    for (const [i, { name, span }] of lambda.parameters.entries()) {
      if (this.#parameters.has(name) || lambda.parameters.slice(0, i).some((p) => p.name === name)) {
        throw new StatementError('Reusing lambda arguments in nested lambda is not allowed', {
          code: 'invalid-lambda',
          span,
        });
      }
      if (this.#context.scope.has(name)) {
        throw new StatementError(`Lambda function argument can't be a column name: ${name}`, {
          code: 'invalid-lambda',
          span,
        });
      }
    }
  }

  #lambda(lambda: Lambda, types: readonly SqlType[]): BoundArgument & { kind: 'lambda' } {
    const parameters = lambda.parameters.map((p, i) => ({ name: p.name, type: types[i]! }));
    if (types.length !== parameters.length) {
      throw new StatementError(
        `Was expecting ${types.length} arguments but found ${parameters.length}, ` +
          `[${parameters.map((p) => p.name).join(', ')}]. Check your lambda statement.`,
        { code: 'invalid-lambda', span: lambda.span },
      );
    }
    const inner = new Map(this.#parameters);
    for (const p of parameters) inner.set(p.name, p.type);
    return { kind: 'lambda', parameters, body: new Binder(this.#context, inner).bind(lambda.body) };
  }
}

/** @returns the complaint about a NULL that nothing gives a type */
export function untypedNull(span: SourceSpan): StatementError {
  return new StatementError(
    "Can't infer a type of null. Please explicitly cast it to a required type, e.g. CAST(null AS VARCHAR).",
    { code: 'untyped-null', span },
  );
}

function not(operand: BoundExpression): BoundExpression {
  return { kind: 'not', type: BOOLEAN, operand };
}

function isLambdaOrUnit(a: CallArgument): a is Exclude<CallArgument, Expression> {
  return a.kind === 'lambda' || a.kind === 'intervalUnit';
}
