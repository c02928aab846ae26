import type { FunctionDefinition } from '../define.js';
import { isDefinition } from './check-definition.js';
import { isObject } from './shape.js';

/** What a module exports, as far as it is about functions of SQL. */
export interface ModuleExports {
  readonly definitions: readonly { readonly exported: string; readonly definition: FunctionDefinition }[];
  /** Exports that look as if they were meant to be definitions. */
  readonly strangers: readonly string[];
}

/**
 * Finds the definitions among the exports of a module: single ones and lists of them, under any name. Functions, classes and plain values of
 * JavaScript are the module's own business; every other object must be a definition.
 * @param exported what `require` gave for an ES module or a CommonJS one
 */
export function readExports(exported: unknown): ModuleExports {
  if (isDefinition(exported))
    return { definitions: [{ exported: 'module.exports', definition: exported }], strangers: [] };
  const definitions: { exported: string; definition: FunctionDefinition }[] = [];
  const strangers: string[] = [];
  const take = (name: string, value: unknown): void => {
    // CommonJS modules see as one object what ES modules see as names: each definition counts once.
    if (isDefinition(value)) {
      if (!definitions.some(({ definition }) => definition === value))
        definitions.push({ exported: name, definition: value });
    } else if (Array.isArray(value)) value.forEach((element, i) => take(`${name}[${i}]`, element));
    else if (isObject(value)) strangers.push(name);
  };
  if (isObject(exported)) for (const [name, value] of Object.entries(exported)) take(name, value);
  return { definitions, strangers };
}
