import { FunctionFolder } from '../engine/function-folder.js';
import { createFunctionRegistry, type FunctionRegistry } from '../functions/registry.js';

/** Every case uses the same functions: they have no state. */
let functions: FunctionRegistry | null = null;
let folder: string | null = null;

export function sharedFunctions(): FunctionRegistry {
  functions ??= createFunctionRegistry();
  return functions;
}

/** Settings of an engine that is to have the shared functions. */
export function sharedFunctionSettings(): Readonly<Record<string, string>> {
  return folder === null ? {} : { 'ksql.extension.dir': folder };
}

/**
 * Adds the functions of a folder for all cases that begin from now on.
 * @returns what takes them away again
 * @throws SystemError when something in the folder is wrong
 */
export function shareFunctionsOf(path: string): () => void {
  const loaded = new FunctionFolder({ folder: path, store: null, log: () => {} });
  loaded.begin([]);
  functions = loaded.registry;
  folder = path;
  return () => {
    functions = null;
    folder = null;
    loaded.close();
  };
}
