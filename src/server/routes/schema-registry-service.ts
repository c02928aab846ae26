import type { Engine } from '../../engine/engine.js';

/** What the routes need of a registry inside the engine. Methods throw errors with an `errorCode` of Confluent's REST API. */
export interface RegistryService {
  readonly idMax: number;
  subjects(prefix: string, deleted: DeletedFilter): readonly string[];
  versions(subject: string, deleted: DeletedFilter): readonly number[];
  version(subject: string, name: VersionName, deleted: boolean): RegistryVersion;
  allVersions(prefix: string, deleted: boolean, latestOnly: boolean): readonly RegistryVersion[];
  schema(id: number): RegistrySchema;
  /** The text of a schema in a format that a client asks for; '' for its own. */
  formatted(schema: RegistrySchema, format: string): string;
  usesOf(id: number, deleted: boolean): readonly { readonly subject: string; readonly version: number }[];
  importersOf(subject: string, name: VersionName): readonly number[];
  registerVersion(subject: string, request: RegisterBody): Promise<RegistryVersion>;
  lookUp(subject: string, request: SchemaBody, deleted: boolean): RegistryVersion;
  reasonsAgainst(subject: string, request: SchemaBody): readonly string[];
  reasonsAgainstVersion(subject: string, name: VersionName, request: SchemaBody): readonly string[];
  deleteVersion(subject: string, name: VersionName, permanent: boolean): Promise<number>;
  deleteVersions(subject: string, permanent: boolean): Promise<readonly number[]>;
  compatibility(subject: string | null, orGlobal: boolean): CompatibilityLevel;
  setCompatibility(subject: string | null, level: CompatibilityLevel | null): Promise<CompatibilityLevel>;
  mode(subject: string | null, orGlobal: boolean): RegistryMode;
  setMode(subject: string | null, mode: RegistryMode | null, force: boolean): Promise<RegistryMode>;
}

export type VersionName = number | 'latest';
export type DeletedFilter = 'without' | 'with' | 'only';
export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF';

export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;

export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number];

export const REGISTRY_MODES = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT'] as const;

export type RegistryMode = (typeof REGISTRY_MODES)[number];

export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

export interface RegistrySchema {
  readonly id: number;
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly SchemaReference[];
}

export interface RegistryVersion extends RegistrySchema {
  readonly subject: string;
  readonly version: number;
}

export interface SchemaBody {
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly SchemaReference[];
  readonly normalize: boolean;
}

export interface RegisterBody extends SchemaBody {
  readonly id: number | null;
  readonly version: number | null;
}

/** An engine as far as it has to do with registries. */
export interface RegistryHost {
  /** Null when an external registry is used. */
  readonly schemaRegistry: RegistryService | null;
  /** Where the external registry is, without credentials; null when there is none. */
  readonly schemaRegistryUrl: string | null;
}

export function registryHost(engine: Engine): Partial<RegistryHost> {
  return engine as Engine & Partial<RegistryHost>;
}
