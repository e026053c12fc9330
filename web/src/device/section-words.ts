/** The sections of a machine's page in words. */

interface SectionWords {
  readonly title: string;
  /** What is said of the instance that comes first, while the section is closed. */
  readonly first: (name: string, value: string) => string;
}

export const SECTION_WORDS: Readonly<Record<string, SectionWords>> = {
  core: { title: 'Cores', first: (name, value) => `busiest: ${name} at ${value}` },
  mount: { title: 'Filesystems', first: (name, value) => `fullest: ${name} at ${value}` },
  disk: { title: 'Disks', first: (name, value) => `busiest: ${name} at ${value}` },
  interface: { title: 'Interfaces', first: (name, value) => `receives most: ${name} at ${value}` },
  sensor: { title: 'Temperatures', first: (name, value) => `hottest: ${name} at ${value}` },
  gpu: { title: 'GPUs', first: (name, value) => `busiest: ${name} at ${value}` },
  container: { title: 'Containers', first: (name, value) => `busiest: ${name} at ${value}` },
  process: { title: 'Processes', first: (name, value) => `busiest: ${name} at ${value}` },
  service: { title: 'Services', first: (name, value) => `busiest: ${name} at ${value}` },
};

/** What is said of the first instance of a kind that this page does not know. */
export const highestWords = (name: string, value: string) => `highest: ${name} at ${value}`;

/** The machine's own scalars. */
export const OTHER_VALUES = 'Other values';
