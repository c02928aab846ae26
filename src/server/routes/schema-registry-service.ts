import type { Engine } from '../../engine/engine.js';

/** The registry inside the engine. Its methods throw errors with an `errorCode` of Confluent's REST API. */
export type RegistryService = NonNullable<Engine['schemaRegistry']>;

export type VersionName = Parameters<RegistryService['version']>[1];
export type DeletedFilter = Parameters<RegistryService['versions']>[1];
export type CompatibilityLevel = ReturnType<RegistryService['compatibility']>;
export type RegistryMode = ReturnType<RegistryService['mode']>;
/** A schema to look for or to compare. */
export type SchemaBody = Parameters<RegistryService['lookUp']>[1];
/** A schema to register. */
export type RegisterBody = Parameters<RegistryService['registerVersion']>[1];
export type RegistrySchema = ReturnType<RegistryService['schema']>;
export type RegistryVersion = ReturnType<RegistryService['version']>;

export const COMPATIBILITY_LEVELS: readonly CompatibilityLevel[] = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
];

export const REGISTRY_MODES: readonly RegistryMode[] = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT'];
