/**
 * The public key of minisign whose packages this agent trusts, as Base64. `npm run package` puts the key of its builder
 * here. An agent that runs from a clone has none, and never upgrades itself.
 */
export const RELEASE_KEY: string | undefined = undefined;
