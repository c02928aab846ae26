import type { Session } from './engine.js';
import { checkSettable, checkValue } from './settings.js';

/** Overrides by full name, checked. @throws StatementError */
export function createSession(
  properties: Readonly<Record<string, unknown>> = {},
  variables: Readonly<Record<string, unknown>> = {},
): Session {
  const checked = new Map<string, string>();
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    checked.set(checkSettable(name), checkValue(name, value));
  }
  return { properties: checked, variables: new Map(Object.entries(variables).map(([k, v]) => [k, String(v)])) };
}

export function copySession(session: Session): Session {
  return { properties: new Map(session.properties), variables: new Map(session.variables) };
}
