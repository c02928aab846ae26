/*
 * How plans name the functions of users: the signature id of the overload and, behind an @, the version of the module it was planned with:
 * `SHOUT(STRING)@9f2c41d07e3a8b65`. Built-in functions have no version.
 */

/** Hex digits of a version: the beginning of a hash over the module's files. */
export const VERSION_LENGTH = 16;

const VERSIONED = new RegExp(`^(.*)@([0-9a-f]{${VERSION_LENGTH}})$`, 's');

export function functionId(signature: string, version: string): string {
  return `${signature}@${version}`;
}

/** `version` is null for built-in functions. */
export function parseFunctionId(id: string): { readonly signature: string; readonly version: string | null } {
  const found = VERSIONED.exec(id);
  return found === null ? { signature: id, version: null } : { signature: found[1]!, version: found[2]! };
}

/** A function of a user that a plan names. */
export interface PlannedFunction {
  readonly name: string;
  readonly version: string;
}

const IN_PLAN = new RegExp(`"signature":"([A-Z_][A-Z0-9_]*)\\((?:[^"\\\\]|\\\\.)*@([0-9a-f]{${VERSION_LENGTH}})"`, 'g');

/** The functions of users in the JSON text of a plan. */
export function plannedFunctions(plan: string): readonly PlannedFunction[] {
  return [...plan.matchAll(IN_PLAN)].map((found) => ({ name: found[1]!, version: found[2]! }));
}
