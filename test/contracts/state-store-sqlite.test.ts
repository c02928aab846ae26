import { stateStoreContract } from './state-store-contract.js';
import { loggedHarness, sqliteHarness } from './state-store-harness.js';

stateStoreContract('SQLite file, everything cached', () => sqliteHarness(1e9, true));
stateStoreContract('SQLite in memory, nothing cached', () => sqliteHarness(0, false));
stateStoreContract('SQLite file with a changelog, everything cached', () => loggedHarness(1e9, true));
stateStoreContract('SQLite in memory with a changelog, nothing cached', () => loggedHarness(0, false));
