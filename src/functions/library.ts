/*
 * What a user's module of functions may import from 'millrace': the three ways to define a function, and the types to say what it takes and gives.
 */

export {
  arrayType,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  decimalType,
  INTEGER,
  mapType,
  STRING,
  structType,
  TIME,
  TIMESTAMP,
} from '../model/sql-type.js';
export {
  type AggregateCode,
  type AggregateDefinition,
  type AggregateEnvironment,
  type AggregateVariant,
  CATEGORY,
  defineAggregate,
  defineScalar,
  defineTableFunction,
  type EvaluationContext,
  type FunctionDefinition,
  type LambdaValue,
  type NullRule,
  type ScalarCode,
  type ScalarDefinition,
  type ScalarVariant,
  type TableFunctionCode,
  type TableFunctionDefinition,
  type TableFunctionVariant,
} from './define.js';
