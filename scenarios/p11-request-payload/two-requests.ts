import type { Scenario } from 'fencepost';
import {
  clearAfterServing,
  modeOnce,
  noCheckFence,
  noRequestFence,
} from '../../models/proposals/guest-entry.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { lookOnce, payload, requestsServed, requestWith } from '../../models/entry/request-payload.ts';
import * as sites from '../../models/sites/guest-entry.ts';
import { oneMappedPage } from '../../models/worlds/entry.ts';
import { REQUEST_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

export const twoRequests: Scenario = {
  name: 'two-requests',
  question: 'Can a request be taken without what it was made for, and be forgotten?',
  doc:
    'CPU1 and CPU2 each change a word and make the same request to one vCPU, which is outside guest mode. The vCPU ' +
    'looks at the request twice; what it has not taken then stays pending for the next guest entry.',
  sources: ['KVM-MMU.md P11, A13, G3 (I11)', 'Documentation/virt/kvm/vcpu-requests.rst'],
  sites: [...REQUEST_SITES, sites.requestFence],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    modeOnce,
    clearAfterServing,
    noRequestFence,
    noCheckFence,
  ],
  protocols: ['P11'],
  mutants: [
    'v7.1-mode-once/clear-after-serving',
    'v7.1-mode-once/no-request-fence',
    'v7.1-mode-once/no-check-fence',
  ],
  equivalents: ['v7.1-mode-once/no-request-fence', 'v7.1-mode-once/no-check-fence'],
  expectations: [
    {
      proposals: [...VERSIONS, 'v7.1-mode-once'],
      verdicts: SAFE,
      because: 'P11: the bit goes first, so a request that comes while another is served is pending again',
    },
    {
      proposals: ['v7.1-mode-once/clear-after-serving'],
      verdicts: EVERYWHERE,
      because: 'P11, G4: the second request meets the bit of the first, and goes with it',
    },
    {
      proposals: ['v7.1-mode-once/no-request-fence', 'v7.1-mode-once/no-check-fence'],
      verdicts: WEAK,
      because:
        'P11: on x86 set_bit() and clear_bit() are LOCKed, so both are equivalent mutants there; LKMM has them relaxed',
    },
  ],
  world() {
    const kvm = oneMappedPage();
    const [vcpu] = kvm.vcpus;
    const payloads = [payload(vcpu, 'a'), payload(vcpu, 'b')];
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          *body() {
            yield* lookOnce(vcpu, payloads);
            yield* lookOnce(vcpu, payloads);
          },
        },
        { name: 'CPU1 (requester)', body: () => requestWith(vcpu, payloads[0]) },
        { name: 'CPU2 (requester)', body: () => requestWith(vcpu, payloads[1]) },
      ],
      properties: [requestsServed(vcpu, payloads)],
    };
  },
};
