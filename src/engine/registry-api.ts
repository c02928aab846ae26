/* The words of the registry inside the engine, for those who serve it. */
export type { DeletedFilter, EmbeddedRegistry } from '../formats/schema-registry/embedded-registry.js';
export {
  COMPATIBILITY_LEVELS,
  type CompatibilityLevel,
  isPositive,
  isSchemaType,
  REGISTRY_MODES,
  type RegistryMode,
  SCHEMA_TYPES,
  type SchemaReference,
} from '../formats/schema-registry/registry-change.js';
export type { RegisterRequest, VersionName } from '../formats/schema-registry/registry-operations.js';
export { INVALID_SCHEMA, RegistryRefusal, refusals } from '../formats/schema-registry/registry-refusal.js';
export type { SchemaRequest } from '../formats/schema-registry/registry-schemas.js';
export type { StoredSchema, VersionDetail } from '../formats/schema-registry/registry-state.js';
export type { SchemaType } from '../formats/schema-registry/schema-registry.js';
