import { type CompatibilityLevel, isPositive, type RegistryChange, type RegistryMode } from './registry-change.js';
import { refusals } from './registry-refusal.js';
import type { ReadSchema, RegistrySchemas, SchemaRequest } from './registry-schemas.js';
import type { RegistryState, StoredSchema, VersionDetail, VersionEntry } from './registry-state.js';

/** What an operation on a state comes to: the changes to be made, and the answer once they are. */
export interface Decision<Result> {
  readonly changes: readonly RegistryChange[];
  readonly result: Result;
}

/** `latest`, or a number from 1. */
export type VersionName = number | 'latest';

/** A schema that is to become a version of a subject. */
export interface RegisterRequest extends SchemaRequest {
  /** Given by another registry: only subjects in mode IMPORT take it. Null: the registry gives one. */
  readonly id: number | null;
  /** Null: the next one. Another is only taken in mode IMPORT. */
  readonly version: number | null;
}

/** Bytes of a change as JSON: what a log can be counted on to take as one record. */
const CHANGE_BYTES_MAX = 900_000;
const SUBJECT_LENGTH_MAX = 1_000;
/** Names that registries keep for themselves. */
const RESERVED_SUBJECTS: readonly string[] = ['__GLOBAL', '__EMPTY'];

/** @throws RegistryRefusal */
export function register(
  state: RegistryState,
  schemas: RegistrySchemas,
  subject: string,
  request: RegisterRequest,
): Decision<VersionDetail> {
  checkSubject(subject);
  const schema = schemas.read(state, request, false);
  const versions = state.versionsOf(subject);
  const same = findSame(state, versions.filter(isLive), schema);
  if (same !== null && (request.id ?? same.id) === same.id && (request.version ?? same.version) === same.version) {
    return { changes: [], result: detailOf(state, same) };
  }
  const mode = state.mode(subject);
  checkWritable(state, subject);
  if (request.id !== null && mode !== 'IMPORT') throw refusals.notPermitted(`Subject ${subject} is not in import mode`);
  if (request.id === null && mode === 'IMPORT') {
    throw refusals.notPermitted(`Subject ${subject} is not in read-write mode`);
  }
  const next = (versions.at(-1)?.version ?? 0) + 1;
  const version = request.version ?? next;
  if (mode === 'IMPORT') {
    if (versions.some((entry) => entry.version === version)) {
      throw refusals.notPermitted(`Overwrite of version ${version} of subject ${subject} is not permitted.`);
    }
    if ((state.schema(request.id!)?.key ?? schema.key) !== schema.key) {
      throw refusals.notPermitted(`Overwrite new schema with id ${request.id} is not permitted.`);
    }
  } else {
    if (version !== next) throw refusals.invalidSchema(schema.type, 'Version is not one more than previous version');
    const reasons = schemas.reasonsAgainst(state, state.level(subject), schema, liveSchemas(state, subject));
    if (reasons.length > 0) throw refusals.incompatible(subject, reasons);
  }
  const id = request.id ?? state.idOf(schema.key) ?? state.idMax + 1;
  if (!isPositive(id) || !isPositive(version)) throw refusals.notPermitted('There are no ids or versions left');
  const { type, text, references, key } = schema;
  const change: RegistryChange = { kind: 'register', subject, version, id, type, text, references, key };
  if (Buffer.byteLength(JSON.stringify(change)) > CHANGE_BYTES_MAX) throw refusals.tooLarge(CHANGE_BYTES_MAX);
  const result = { subject, version, id, type, text: state.schema(id)?.text ?? text, references };
  return { changes: [change], result };
}

/** @throws RegistryRefusal */
export function deleteVersion(
  state: RegistryState,
  subject: string,
  name: VersionName,
  permanent: boolean,
): Decision<number> {
  const versions = state.versionsOf(subject);
  const latest = versions.findLast(isLive) ?? versions.at(-1);
  if (latest === undefined) throw refusals.subjectNotFound(subject);
  const entry = name === 'latest' ? latest : versions.find(({ version }) => version === name);
  if (entry === undefined) throw refusals.versionNotFound(name);
  const { version } = entry;
  checkWritable(state, subject);
  if (!permanent && entry.deleted) throw refusals.versionSoftDeleted(subject, version);
  if (permanent && !entry.deleted) throw refusals.versionNotSoftDeleted(subject, version);
  checkNotImported(state, entry, permanent);
  return { changes: [{ kind: 'delete-version', subject, version, permanent }], result: version };
}

/** @returns the versions that are deleted. @throws RegistryRefusal */
export function deleteSubject(state: RegistryState, subject: string, permanent: boolean): Decision<readonly number[]> {
  const versions = state.versionsOf(subject);
  if (versions.length === 0) throw refusals.subjectNotFound(subject);
  const concerned = permanent ? versions : versions.filter(isLive);
  if (concerned.length === 0) throw refusals.subjectSoftDeleted(subject);
  checkWritable(state, subject);
  if (permanent && versions.some(isLive)) throw refusals.subjectNotSoftDeleted(subject);
  for (const entry of concerned) checkNotImported(state, entry, permanent);
  return {
    changes: [{ kind: 'delete-subject', subject, permanent }],
    result: concerned.map(({ version }) => version),
  };
}

/** @param level null takes back what was set. @returns what held before. @throws RegistryRefusal */
export function setCompatibility(
  state: RegistryState,
  subject: string | null,
  level: CompatibilityLevel | null,
): Decision<CompatibilityLevel> {
  if (subject !== null) {
    checkSubject(subject);
    if (level === null && state.ownLevel(subject) === null) throw refusals.subjectNotFound(subject);
  }
  checkWritable(state, subject);
  return {
    changes: state.ownLevel(subject) === level ? [] : [{ kind: 'set-compatibility', subject, level }],
    result: state.level(subject),
  };
}

/**
 * @param mode null takes back what was set
 * @param force lets subjects that have versions take those of another registry
 * @returns what held before
 * @throws RegistryRefusal
 */
export function setMode(
  state: RegistryState,
  subject: string | null,
  mode: RegistryMode | null,
  force: boolean,
): Decision<RegistryMode> {
  if (subject !== null) {
    checkSubject(subject);
    if (mode === null && state.ownMode(subject) === null) throw refusals.subjectNotFound(subject);
  }
  if (mode === 'IMPORT' && !force && state.mode(subject) !== 'IMPORT') {
    const subjects = subject === null ? [...state.subjects()] : [subject];
    if (subjects.some((name) => state.versionsOf(name).some(isLive))) {
      throw refusals.notPermitted('Cannot import since found existing subjects');
    }
  }
  return {
    changes: state.ownMode(subject) === mode ? [] : [{ kind: 'set-mode', subject, mode }],
    result: state.mode(subject),
  };
}

/** The latest of the versions that has this schema; null when none has. */
export function findSame(
  state: RegistryState,
  versions: readonly VersionEntry[],
  schema: ReadSchema,
): VersionEntry | null {
  return versions.findLast(({ id }) => isSame(state.schema(id)!, schema)) ?? null;
}

/** A subject's versions that are not deleted, with their schemas, from the first to the latest. */
export function liveSchemas(
  state: RegistryState,
  subject: string,
): readonly { readonly version: number; readonly schema: StoredSchema }[] {
  return state
    .versionsOf(subject)
    .filter(isLive)
    .map(({ version, id }) => ({ version, schema: state.schema(id)! }));
}

export function detailOf(state: RegistryState, { subject, version, id }: VersionEntry): VersionDetail {
  const { type, text, references } = state.schema(id)!;
  return { subject, version, id, type, text, references };
}

export function isLive(entry: VersionEntry): boolean {
  return !entry.deleted;
}

/** Keys may have been made by an older release with other rules, but the same text is the same schema. */
function isSame(stored: StoredSchema, schema: ReadSchema): boolean {
  if (stored.key === schema.key) return true;
  const { type, text, references } = schema;
  return (
    stored.type === type && stored.text === text && JSON.stringify(stored.references) === JSON.stringify(references)
  );
}

function checkSubject(subject: string): void {
  const bad = subject.trim() === '' || /[\u0000-\u001f\u007f]/.test(subject) || RESERVED_SUBJECTS.includes(subject);
  if (bad || subject.length > SUBJECT_LENGTH_MAX) throw refusals.invalidSubject(subject.slice(0, SUBJECT_LENGTH_MAX));
}

function checkWritable(state: RegistryState, subject: string | null): void {
  const mode = state.mode(subject);
  if (mode !== 'READONLY' && mode !== 'READONLY_OVERRIDE') return;
  throw refusals.notPermitted(
    subject === null ? 'The registry is in read-only mode' : `Subject ${subject} is in read-only mode`,
  );
}

/** What is deleted softly is still there for schemas that are deleted themselves. */
function checkNotImported(state: RegistryState, { subject, version }: VersionEntry, permanent: boolean): void {
  for (const id of state.importersOf(subject, version)) {
    if (permanent || state.usesOf(id).some(isLive)) throw refusals.referenced(subject, version);
  }
}
