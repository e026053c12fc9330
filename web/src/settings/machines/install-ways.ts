/** Where an agent can be installed, as the tabs of "Add a machine", and what to do with the text of each. */
import type { InstallTexts, InstallWay } from '#protocol/packages.ts';

interface InstallTab {
  readonly value: string;
  readonly label: string;
  /** The texts of the tab; with more than one, a person chooses. */
  readonly ways: readonly { readonly value: InstallWay; readonly label: string; readonly hint: string }[];
}

export const INSTALL_TABS: readonly InstallTab[] = [
  {
    value: 'linux',
    label: 'Linux',
    ways: [
      {
        value: 'linux',
        label: 'As root',
        hint: 'In a shell on the machine. As root it installs the package with a service of the system; as another user a service of that user.',
      },
      {
        value: 'linux_sudo',
        label: 'With sudo',
        hint: 'In a shell on the machine, as a user who may use sudo. The key stands in no process list and in no log of sudo.',
      },
      {
        value: 'linux_wget',
        label: 'Without curl',
        hint: 'In a shell on a machine that has GNU wget and no curl. All of it, as root or as another user.',
      },
    ],
  },
  {
    value: 'macos',
    label: 'macOS',
    ways: [
      { value: 'macos', label: 'macOS', hint: 'In a terminal on the machine, as a user who may use sudo.' },
    ],
  },
  {
    value: 'windows',
    label: 'Windows',
    ways: [
      {
        value: 'windows',
        label: 'Windows',
        hint: 'In PowerShell as administrator, on Windows 10 or Server 2019 and later.',
      },
    ],
  },
  {
    value: 'cloud_init',
    label: 'cloud-init',
    ways: [
      {
        value: 'cloud_init',
        label: 'cloud-init',
        hint: 'As the user data of new machines. Their cloud keeps it, with the key in it: let the key end.',
      },
    ],
  },
  {
    value: 'ansible',
    label: 'Ansible',
    ways: [{ value: 'ansible', label: 'Ansible', hint: 'A task for machines that have curl.' }],
  },
  {
    value: 'kubernetes',
    label: 'Kubernetes',
    ways: [
      {
        value: 'kubernetes',
        label: 'Kubernetes',
        hint: 'For kubectl apply: an agent on each node. The key must be good for as many machines.',
      },
    ],
  },
  {
    value: 'compose',
    label: 'Compose',
    ways: [{ value: 'compose', label: 'Compose', hint: 'A compose.yaml for one machine with containers.' }],
  },
  {
    value: 'clone',
    label: 'From a clone',
    ways: [
      {
        value: 'clone',
        label: 'From a clone',
        hint: 'In a Watchfloor folder on the machine, after npm ci. It runs as long as its terminal.',
      },
    ],
  },
];

/** The tab to begin with: the first that has a text. */
export function firstTab(texts: InstallTexts): InstallTab | undefined {
  return INSTALL_TABS.find(({ ways }) => ways.some(({ value }) => texts[value] !== null));
}
