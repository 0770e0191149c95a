import { sandboxContract } from './contract.ts';
import { fakeDriver } from './fake.ts';

sandboxContract(
  'fake',
  async () => {
    const driver = fakeDriver();
    return { driver, [Symbol.asyncDispose]: () => driver.close() };
  },
  { wait: ['wait'], exit3: ['exit', '3'], grow: ['grow', '300'], missing: ['missing'] },
);
