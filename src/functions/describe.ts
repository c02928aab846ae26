import type { FunctionDefinition } from './define.js';
import { formatPattern, parseSignature } from './signature.js';

/** What DESCRIBE FUNCTION shows. */
export interface FunctionDescription {
  readonly name: string;
  readonly type: 'SCALAR' | 'AGGREGATE' | 'TABLE';
  readonly category: string;
  readonly description: string;
  readonly author: string;
  readonly version: string;
  /** Where the function comes from: `internal`, or the module of a user. */
  readonly path: string;
  readonly signatures: readonly SignatureDescription[];
}

export interface SignatureDescription {
  readonly arguments: readonly {
    readonly name: string;
    /** As ksqlDB names types here: `INT`, `VARCHAR`, `ARRAY<T>`. */
    readonly type: string;
    readonly description: string;
    readonly isVariadic: boolean;
  }[];
  readonly returnType: string;
  readonly description: string;
}

const TYPES = { scalar: 'SCALAR', aggregate: 'AGGREGATE', table: 'TABLE' } as const;

/** The data of `DESCRIBE FUNCTION` and, by name, type and category, of `SHOW FUNCTIONS`. */
export function describeFunction(definition: FunctionDefinition): FunctionDescription {
  return {
    name: definition.name,
    type: TYPES[definition.kind],
    category: definition.category,
    description: definition.description,
    author: definition.author ?? (definition.origin === undefined ? 'Millrace' : ''),
    version: definition.version ?? '',
    path: definition.origin?.module ?? 'internal',
    signatures: definition.variants.map((variant) => {
      const { parameters, result } = parseSignature(variant.signature);
      return {
        arguments: parameters.map((parameter) => ({
          name: parameter.name,
          type: formatPattern(parameter.type, 'display'),
          description: '',
          isVariadic: parameter.variadic,
        })),
        returnType: formatPattern(result, 'display'),
        description: variant.description ?? definition.description,
      };
    }),
  };
}
