import { StatementError, SystemError } from '../../model/errors.js';
import { formatType, type SqlType, sameType } from '../../model/sql-type.js';
import type { SqlValue } from '../../model/value.js';
import type {
  AggregateCode,
  AggregateVariant,
  FunctionDefinition,
  FunctionOrigin,
  ScalarCode,
  ScalarVariant,
  TableFunctionVariant,
} from '../define.js';
import { matchParameters } from '../resolve.js';
import { acceptsType, type Bindings, parseSignature, substitute } from '../signature.js';
import { type Border, borderOf, copyingBorderOf, WrongValue } from './border.js';
import { aggregateProblem, isSqlType } from './shape.js';
import { thrownText, UserFunctionError } from './user-function-error.js';

/**
 * The definition of a user's function as the engine may call it. Its code cannot break more than its own result: what it throws, a promise,
 * and a value that is not of the declared type are errors of the record, and collections are copied at the border in both directions. What
 * fails while a statement is planned is an error of the statement.
 * @param definition one that `definitionProblems` has nothing to say against
 */
export function guardDefinition(definition: FunctionDefinition, origin: FunctionOrigin): FunctionDefinition {
  const { name } = definition;
  switch (definition.kind) {
    case 'scalar':
      return {
        ...definition,
        origin,
        variants: definition.variants.map((variant) => guardScalarVariant(name, variant)),
      };
    case 'aggregate':
      return {
        ...definition,
        origin,
        variants: definition.variants.map((variant) => guardAggregateVariant(name, variant)),
      };
    case 'table':
      return {
        ...definition,
        origin,
        variants: definition.variants.map((variant) => guardTableVariant(name, variant)),
      };
  }
}

type Code = (...values: unknown[]) => unknown;

function guardScalarVariant(name: string, variant: ScalarVariant): ScalarVariant {
  const { signature, description, nulls } = variant;
  return {
    signature,
    ...(description === undefined ? {} : { description }),
    nulls,
    ...guardedResultType(name, variant),
    ...guardedLiterals(name, variant),
    bind: (types, result, context) => {
      checkResult(name, variant, types, result);
      const code = variant.evaluate ?? whilePlanning(name, () => variant.bind!(types, result, context));
      if (typeof code !== 'function') throw planningError(name, 'its bind gave no function');
      return guardCode(name, code as Code, types, borderOf(result)) as ScalarCode;
    },
  };
}

function guardAggregateVariant(name: string, variant: AggregateVariant): AggregateVariant {
  return {
    ...variant,
    ...guardedLiterals(name, variant),
    bind: (types, configuration, environment) => {
      const code = whilePlanning(name, () => variant.bind(types, configuration, environment));
      const problem = aggregateProblem(code, variant.tableCapable);
      if (problem !== null) throw planningError(name, problem);
      return guardAggregate(name, code, types);
    },
  };
}

function guardTableVariant(name: string, variant: TableFunctionVariant): TableFunctionVariant {
  return {
    ...variant,
    ...guardedResultType(name, variant),
    bind: (types) => {
      const result = resultOf(name, variant, types);
      if (result === null) throw planningError(name, 'the type of its rows is not known');
      const code = whilePlanning(name, () => variant.bind(types));
      if (typeof code !== 'function') throw planningError(name, 'its bind gave no function');
      const rows = guardCode(name, code as Code, types, borderOf({ kind: 'ARRAY', element: result }));
      return (...values) => {
        const list = rows(...values);
        if (list === null)
          throw new UserFunctionError(name, 'gave null where rows are wanted; no rows are an empty array');
        return list as SqlValue[];
      };
    },
  };
}

/** The code between the borders of its arguments and of its result. @throws UserFunctionError */
function guardCode(
  name: string,
  code: Code,
  types: readonly SqlType[],
  border: Border,
): (...values: SqlValue[]) => SqlValue {
  const copies = types.map(copyingBorderOf);
  const copying = copies.some((copy) => copy !== null);
  return (...values) => {
    let result: unknown;
    try {
      result = code(...(copying ? copied(values, copies) : values));
    } catch (error) {
      throw new UserFunctionError(name, `failed: ${thrownText(error)}`);
    }
    return received(name, result, border);
  };
}

function guardAggregate(name: string, code: AggregateCode, types: readonly SqlType[]): AggregateCode {
  const { stateType, resultType, resultIsState } = code;
  const stateBorder = borderOf(stateType);
  // The state that goes in is a copy too: code that fails half-way has not touched the one that is kept.
  const inputs = [stateType, ...types];
  const merge = guardCode(
    name,
    (a, b) => code.merge!(a as SqlValue, b as SqlValue),
    [stateType, stateType],
    stateBorder,
  );
  return {
    stateType,
    resultType,
    resultIsState,
    initial: guardCode(name, () => code.initial(), [], stateBorder),
    add: guardCode(name, (...values) => code.add(...(values as [SqlValue])), inputs, stateBorder),
    ...(code.undo === undefined
      ? {}
      : { undo: guardCode(name, (...values) => code.undo!(...(values as [SqlValue])), inputs, stateBorder) }),
    merge,
    result: guardCode(name, (state) => code.result(state as SqlValue), [stateType], borderOf(resultType)),
  };
}

function copied(values: readonly SqlValue[], copies: readonly (Border | null)[]): readonly unknown[] {
  return values.map((value, i) => {
    const copy = copies[i] ?? null;
    return copy === null ? value : copy(value);
  });
}

/** The result on the engine's side of the border. @throws UserFunctionError */
function received(name: string, result: unknown, border: Border): SqlValue {
  try {
    return border(result);
  } catch (error) {
    if (disarmed(result)) throw new UserFunctionError(name, 'gave a promise: functions of SQL are synchronous');
    const text =
      error instanceof WrongValue ? `gave ${error.message}` : `gave a value that cannot be read: ${thrownText(error)}`;
    throw new UserFunctionError(name, text);
  }
}

/** Whether the value is a promise; its failure, if there will be one, is nobody's concern then. */
function disarmed(value: unknown): boolean {
  try {
    if (typeof (value as Promise<unknown> | null)?.then !== 'function') return false;
    (value as Promise<unknown>).then(
      () => {},
      () => {},
    );
    return true;
  } catch {
    return false;
  }
}

type Planned = { readonly resultType?: (types: readonly SqlType[]) => SqlType };

function guardedResultType(name: string, variant: Planned): Planned {
  const { resultType } = variant;
  if (resultType === undefined) return {};
  return {
    resultType: (types) => {
      const result: unknown = whilePlanning(name, () => resultType(types));
      if (!isSqlType(result)) throw planningError(name, 'its resultType gave no SQL type');
      return result;
    },
  };
}

type WithLiterals = Pick<ScalarVariant, 'checkLiterals'>;

function guardedLiterals(name: string, variant: WithLiterals): WithLiterals {
  const { checkLiterals } = variant;
  if (checkLiterals === undefined) return {};
  return {
    checkLiterals: (literals) => {
      const complaint = whilePlanning(name, () => checkLiterals(literals));
      return complaint === null || complaint === undefined ? null : String(complaint);
    },
  };
}

/** What the function gives for arguments of these types; null when the signature cannot say. */
function resultOf(
  name: string,
  variant: ScalarVariant | TableFunctionVariant,
  types: readonly SqlType[],
): SqlType | null {
  if (variant.resultType !== undefined) return guardedResultType(name, variant).resultType!(types);
  const signature = parseSignature(variant.signature);
  const bindings: Bindings = new Map();
  const patterns = matchParameters(signature, types.length) ?? [];
  for (const [i, pattern] of patterns.entries()) acceptsType(pattern, types[i]!, bindings, false);
  return substitute(signature.result, bindings);
}

/** A plan keeps the type that its version of the function had. @throws SystemError when this one gives another */
function checkResult(name: string, variant: ScalarVariant, types: readonly SqlType[], planned: SqlType): void {
  const result = resultOf(name, variant, types);
  // Types of lambdas are known to the planner alone.
  if (result === null || sameType(result, planned)) return;
  throw new SystemError(
    `the plan uses function ${name} with the result ${formatType(planned)}, and it gives ${formatType(result)} now`,
    { code: 'function-changed', hint: 'put the version of the module back that the query was created with' },
  );
}

function whilePlanning<T>(name: string, code: () => T): T {
  try {
    return code();
  } catch (error) {
    throw planningError(name, thrownText(error));
  }
}

function planningError(name: string, text: string): StatementError {
  return new StatementError(`Function '${name}' cannot be used: ${text}`, { code: 'user-function-failed' });
}
