/** The server's own paths, from where the web app was loaded: a reverse proxy may have both below a path. */
import { resolve } from '$app/paths';

/** `/devices` → `/devices`, or `/watchfloor/devices` where the web app is at `/watchfloor/ui/`. */
export const serverPath = (path: string): string => resolve('/').replace(/\/ui\/?$/, '') + path;
