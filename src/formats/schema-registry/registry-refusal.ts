import { StatementError, SystemError } from '../../model/errors.js';
import type { SchemaType } from './schema-registry.js';

/** What a registry answers instead of doing what it was asked: the error codes and texts of Confluent's REST API. */
export class RegistryRefusal extends Error {
  override readonly name = 'RegistryRefusal';
  constructor(
    /** Its first three digits are the HTTP status. */
    readonly errorCode: number,
    message: string,
  ) {
    super(message);
  }
}

const INCOMPATIBLE = 409;
export const INVALID_SCHEMA = 42201;
const TOO_LARGE = 42209;

export const refusals = {
  subjectNotFound: (subject: string) => new RegistryRefusal(40401, `Subject '${subject}' not found.`),
  versionNotFound: (version: number | 'latest') => new RegistryRefusal(40402, `Version ${version} not found.`),
  schemaNotFound: () => new RegistryRefusal(40403, 'Schema not found'),
  idNotFound: (id: number) => new RegistryRefusal(40403, `Schema ${id} not found`),
  subjectSoftDeleted: (subject: string) =>
    new RegistryRefusal(40404, `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`),
  subjectNotSoftDeleted: (subject: string) =>
    new RegistryRefusal(40405, `Subject '${subject}' was not deleted first before being permanently deleted`),
  versionSoftDeleted: (subject: string, version: number) =>
    new RegistryRefusal(
      40406,
      `Subject '${subject}' Version ${version} was soft deleted. Set permanent=true to delete permanently`,
    ),
  versionNotSoftDeleted: (subject: string, version: number) =>
    new RegistryRefusal(
      40407,
      `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`,
    ),
  noSubjectCompatibility: (subject: string) =>
    new RegistryRefusal(40408, `Subject '${subject}' does not have subject-level compatibility configured`),
  noSubjectMode: (subject: string) =>
    new RegistryRefusal(40409, `Subject '${subject}' does not have subject-level mode configured`),
  incompatible: (subject: string, details: readonly string[]) =>
    new RegistryRefusal(
      INCOMPATIBLE,
      `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: [${details.join(', ')}]`,
    ),
  emptySchema: () => new RegistryRefusal(INVALID_SCHEMA, 'Empty schema'),
  invalidSchema: (type: SchemaType, details: string) =>
    new RegistryRefusal(INVALID_SCHEMA, `Invalid schema of type ${type}, details: ${details}`),
  unknownType: (type: string) => new RegistryRefusal(INVALID_SCHEMA, `Invalid schema type ${type}`),
  noReference: (type: SchemaType, subject: string, version: number) =>
    refusals.invalidSchema(type, `No schema reference found for subject "${subject}" and version ${version}`),
  invalidVersion: (version: string) =>
    new RegistryRefusal(
      42202,
      `The specified version '${version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
    ),
  invalidLevel: () =>
    new RegistryRefusal(
      42203,
      'Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, forward_transitive, and full_transitive',
    ),
  invalidMode: () =>
    new RegistryRefusal(42204, 'Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, IMPORT'),
  notPermitted: (message: string) => new RegistryRefusal(42205, message),
  referenced: (subject: string, version: number) =>
    new RegistryRefusal(
      42206,
      `One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=${subject},version=${version}}.`,
    ),
  invalidSubject: (subject: string) =>
    new RegistryRefusal(42208, `The specified subject '${subject}' is not a valid subject.`),
  tooLarge: (bytesMax: number) => new RegistryRefusal(TOO_LARGE, `Schema is larger than ${bytesMax} bytes`),
  rulesUnsupported: () => new RegistryRefusal(42210, 'Rule sets of schemas are not supported'),
} as const;

/** A registry's refusal as those who run statements hear of it. */
export function refusalError(errorCode: number, message: string, subject: string | null): StatementError | SystemError {
  if (errorCode === INCOMPATIBLE) return new StatementError(message, { code: 'incompatible-schema' });
  if (errorCode === INVALID_SCHEMA || errorCode === TOO_LARGE) {
    const place = subject === null ? '' : `the schema registry does not take the schema for subject "${subject}": `;
    return new StatementError(`${place}${message}`, { code: 'invalid-schema' });
  }
  return new SystemError(`the schema registry refused: ${message} (error code ${errorCode})`, {
    code: 'registry-error',
  });
}
