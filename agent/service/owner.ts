/** Which package brought the service, where one did. */
import type { InstalledService } from './installed.ts';
import type { RunProgram } from './manager.ts';
import { SERVICE } from './places.ts';

/** What a package's service is changed with instead of `install` and `uninstall`. */
export async function packageAdvice(
  { file, places }: Pick<InstalledService, 'file' | 'places'>,
  run: RunProgram,
): Promise<{ readonly package: string; readonly install: string; readonly uninstall: string }> {
  const isDebian = (await run('dpkg-query', ['-S', file])).status === 0;
  const settings = `its settings are in ${places.settings}, and "systemctl restart ${SERVICE}" takes them over`;
  return isDebian
    ? {
        package: 'a Debian package',
        install: `for another version: dpkg -i ${SERVICE}_<version>.deb; ${settings}`,
        uninstall: `dpkg -r ${SERVICE}, or dpkg -P ${SERVICE} to leave nothing`,
      }
    : {
        package: 'an rpm package',
        install: `for another version: rpm -U ${SERVICE}-<version>.rpm; ${settings}`,
        uninstall: `rpm -e ${SERVICE}`,
      };
}
