/** The wire's version. It changes when an older peer would misread a newer one; additions do not change it. */
export const PROTOCOL_VERSION = 1;

/** Watchfloor's own version, as agents and the server report it. */
export const WATCHFLOOR_VERSION = '0.1.0';
