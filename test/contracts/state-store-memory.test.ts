import { stateStoreContract } from './state-store-contract.js';
import { memoryHarness } from './state-store-harness.js';

stateStoreContract('memory', memoryHarness);
