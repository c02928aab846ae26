import { readFileSync } from 'node:fs';
import { HttpRegistry } from '../formats/schema-registry/http-registry.js';
import { REGISTRY_SETTINGS_PREFIX, registryOptions } from '../formats/schema-registry/registry-settings.js';
import type { Settings } from './settings.js';

/**
 * Somebody else's schema registry, where settings name one; null: the engine keeps its own.
 * @throws SystemError `invalid-setting`
 */
export function openRegistry(settings: Settings): HttpRegistry | null {
  const options = registryOptions(
    (name) => settings.get(`${REGISTRY_SETTINGS_PREFIX}${name}`),
    (path) => readFileSync(path, 'utf8'),
  );
  return options === null ? null : new HttpRegistry(options);
}
