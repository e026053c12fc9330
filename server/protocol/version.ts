/** Watchfloor's own version, as agents and the server report it. */
export const WATCHFLOOR_VERSION = '0.1.0';
