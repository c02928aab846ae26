import { castFunction, unsupportedCast } from '../../model/cast.js';
import { StatementError, unreachable } from '../../model/errors.js';
import type { SourceSpan } from '../../model/source-span.js';
import { BIGINT, BOOLEAN, formatType, isNumeric, type SqlType, STRING, sameType } from '../../model/sql-type.js';
import { parseTimestamp } from '../../model/temporal-text.js';
import type { CallArgument, ComparisonOperator, Expression, Identifier } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import { arithmeticType } from './arithmetic-type.js';
import { bindArguments, bindFunctionCall } from './bind-call.js';
import { bindCase } from './bind-case.js';
import { bindComparison, type Operand } from './bind-comparison.js';
import { bindArray, bindMap, bindStruct, coerced } from './bind-constructors.js';
import type { BindContext, Binder, BoundCall, CallExpression } from './bind-context.js';
import { inClause, isTypeCode, Problem } from './bind-problem.js';
import { castTo } from './cast-to.js';
import { asDecimal } from './common-type.js';
import { expressionText, nameText } from './expression-text.js';
import { boundLiteral, literalToValue } from './literals.js';
import { nearest } from './scope.js';
import { resolveType } from './types.js';

export type { BindContext, BoundCall, CallExpression, CallHook } from './bind-context.js';
export { untypedNull } from './bind-problem.js';

/**
 * The expression with names resolved, types checked, overloads chosen and implicit conversions written out.
 * A bare NULL keeps the type NULL where nothing gives it one.
 * @throws StatementError in ksqlDB's words
 */
export function bindExpression(e: Expression, context: BindContext): BoundExpression {
  return inClause(context.clause, () => new ExpressionBinder(context, NO_PARAMETERS).bind(e));
}

/**
 * A condition of WHERE or HAVING.
 * @throws StatementError also when it is no BOOLEAN: `Type error in WHERE expression: Should evaluate to boolean but is ...`
 */
export function bindPredicate(e: Expression, context: BindContext): BoundExpression {
  const binder = new ExpressionBinder(context, NO_PARAMETERS);
  try {
    return inClause(context.clause, () => binder.bindBoolean(e));
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
  return inClause(context.clause, () => bindArguments(new ExpressionBinder(context, NO_PARAMETERS), call));
}

/** The parameters of the lambdas around an expression, with their types. */
type Parameters = ReadonlyMap<string, SqlType>;

const NO_PARAMETERS: Parameters = new Map();

/** Names whose comparison with a string literal means a point in time. */
const TIME_COLUMNS: ReadonlySet<string> = new Set(['ROWTIME', 'WINDOWSTART', 'WINDOWEND']);

class ExpressionBinder implements Binder {
  readonly context: BindContext;
  readonly parameters: Parameters;

  constructor(context: BindContext, parameters: Parameters) {
    this.context = context;
    this.parameters = parameters;
  }

  with(changes: { context?: Partial<BindContext>; parameters?: Parameters }): Binder {
    return new ExpressionBinder({ ...this.context, ...changes.context }, changes.parameters ?? this.parameters);
  }

  bind(e: Expression): BoundExpression {
    const replaced = this.context.replace?.(e) ?? null;
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
        return this.column(e.source, e.name);
      case 'sign':
        return this.#sign(e);
      case 'arithmetic':
        return this.#arithmetic(e);
      case 'concat':
        return bindFunctionCall(this, {
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
        return this.comparison(e.operator, e.left, e.right, e.span);
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
        return bindCase(this, e);
      case 'cast':
        return this.#cast(e);
      case 'subscript':
        return this.#subscript(e);
      case 'dereference':
        return this.#dereference(e);
      case 'call':
        return bindFunctionCall(this, e);
      case 'arrayConstructor':
        return bindArray(this, e);
      case 'mapConstructor':
        return bindMap(this, e);
      case 'structConstructor':
        return bindStruct(this, e);
      default:
        return unreachable(e);
    }
  }

  bindBoolean(e: Expression): BoundExpression {
    const bound = this.bind(e);
    if (bound.type.kind === 'BOOLEAN') return bound;
    const message =
      `Type error in ${this.context.clause} expression: ` +
      `Should evaluate to boolean but is ${this.text(e)} (${formatType(bound.type)}) instead.`;
    throw new StatementError(message, { code: 'not-boolean', span: e.span });
  }

  text(e: CallArgument): string {
    return expressionText(e, (column) => {
      if (column.source === null && this.parameters.has(column.name.name)) return column.name.name;
      const found =
        column.source === null
          ? this.context.scope.find(column.name.name)
          : this.context.scope.tryResolve(column.source, column.name);
      const name = found?.displayName ?? column.name.name;
      return nameText({ ...column.name, name });
    });
  }

  column(source: Identifier | null, name: Identifier): BoundExpression {
    const parameter = source === null ? this.parameters.get(name.name) : undefined;
    if (parameter !== undefined) return { kind: 'parameter', type: parameter, name: name.name };
    const found = this.context.scope.resolve(source, name, this.context.clause);
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

  comparison(operator: ComparisonOperator, left: Expression, right: Expression, span: SourceSpan): BoundExpression {
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
    if (other.source === null && this.parameters.has(other.name.name)) return null;
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
      left: this.comparison('>=', e.operand, e.low, e.span),
      right: this.comparison('<=', e.operand, e.high, e.span),
    };
    return e.negated ? not(within) : within;
  }

  #in(e: Expression & { kind: 'in' }): BoundExpression {
    const items = [e.operand, ...e.items].map((item) => ({
      expression: this.bind(item),
      text: () => this.text(item),
    }));
    const { expressions } = coerced(items, 'code', e.span);
    return {
      kind: 'in',
      type: BOOLEAN,
      operand: expressions[0]!,
      items: expressions.slice(1),
      negated: e.negated,
    };
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

  #cast(e: Expression & { kind: 'cast' }): BoundExpression {
    const type = resolveType(e.type, this.context.types);
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
}

function not(operand: BoundExpression): BoundExpression {
  return { kind: 'not', type: BOOLEAN, operand };
}
