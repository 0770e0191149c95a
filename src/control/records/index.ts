/** Code signing configurations and capacity providers. */
export { capacityProviderArn, codeSigningArn, createRecords, type Page, type Records } from './records.ts';
