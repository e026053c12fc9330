/**
 * A copy of a piece of a text that does not keep the whole of it in memory, as a piece that is cut out does: for what is
 * kept from one reading to the next.
 */
export const ownText = (piece: string): string => Buffer.from(piece, 'utf8').toString('utf8');
