import { HttpRegistry } from '../../src/formats/schema-registry/http-registry.js';
import { registryOptions } from '../../src/formats/schema-registry/registry-settings.js';
import { memoryRegistry, serveRegistry } from '../support/schema-registry.js';
import { schemaRegistryContract } from './schema-registry-contract.js';

schemaRegistryContract('inside the engine', async () => {
  const { registry } = memoryRegistry();
  return { registry, behind: registry, close: async () => {} };
});

schemaRegistryContract('over HTTP', async () => {
  const { registry: behind } = memoryRegistry();
  const server = await serveRegistry(behind);
  const get = (name: string) => (name === 'url' ? `${server.url}/` : null);
  const registry = new HttpRegistry(registryOptions(get, () => '')!);
  return {
    registry,
    behind,
    async close() {
      registry.close();
      await server.close();
    },
  };
});
