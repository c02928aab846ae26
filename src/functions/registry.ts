import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import type { AggregateCode, EvaluationContext, FunctionDefinition, ScalarCode, NullRule } from './define.js';

/** What is known of an argument when an overload is chosen. */
export type ArgumentShape =
  | { readonly kind: 'value'; readonly type: SqlType; /** Set for literals. */ readonly literal?: SqlValue }
  /** A lambda: known first by its number of parameters; `resultType` types the body once the parameters' types are known. */
  | { readonly kind: 'lambda'; readonly parameters: number; readonly resultType: (types: readonly SqlType[]) => SqlType }
  | { readonly kind: 'unit' };

/** A chosen overload. */
export interface ResolvedFunction {
  readonly definition: FunctionDefinition;
  /** Stable id of the overload, kept in plans: `SUBSTRING(STRING, INTEGER, INTEGER)`. */
  readonly signature: string;
  /** The type each argument must be converted to; null for lambdas and units. */
  readonly parameterTypes: readonly (SqlType | null)[];
  /** For lambda arguments: the types of the lambda's parameters; null elsewhere. */
  readonly lambdaParameterTypes: readonly (readonly SqlType[] | null)[];
  readonly returnType: SqlType;
}

/** The code of a scalar overload as the expression compiler wants it. */
export interface BoundScalar {
  readonly nulls: NullRule;
  readonly code: ScalarCode;
}

/** Find by name, choose an overload, get its code. One immutable instance serves planner and executor. */
export interface FunctionRegistry {
  /** By name, case-insensitive; null when unknown. */
  find(name: string): FunctionDefinition | null;
  all(): readonly FunctionDefinition[];
  /**
   * Chooses the overload by the rules of ksqlDB (two passes, ranking, ties are errors).
   * @throws StatementError with ksqlDB's text (`Function 'f' does not accept parameters (...)`, `Can't find any functions with the name 'X'`).
   */
  resolve(name: string, args: readonly ArgumentShape[]): ResolvedFunction;
  /** The code of a scalar by the signature id of a plan. */
  scalar(name: string, signature: string, types: readonly SqlType[], result: SqlType, context: EvaluationContext): BoundScalar;
  aggregate(name: string, signature: string, types: readonly SqlType[], configuration: readonly SqlValue[]): AggregateCode;
  tableFunction(name: string, signature: string, types: readonly SqlType[]): (...values: SqlValue[]) => SqlValue[];
}
