import { builtInFunctions, createFunctionRegistry, type FunctionRegistry } from '../registry.js';
import { ModuleStore } from './module-store.js';

/** The registry of a thread that runs plans: built-in functions, and what the store of the engine keeps. @param store null when there is none */
export function storedRegistry(store: string | null): FunctionRegistry {
  return registryWith(store === null ? null : new ModuleStore(store));
}

/** Built-in functions, and those of a store where there is one. */
export function registryWith(store: ModuleStore | null): FunctionRegistry {
  return store === null ? createFunctionRegistry() : createFunctionRegistry(builtInFunctions, store);
}
