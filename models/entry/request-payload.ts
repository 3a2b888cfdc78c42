/** What a request is about, as a word: who serves the request goes by it (KVM-MMU.md P11). */
import { call, fenceAt, readOnce, writeOnce, type Location, type Property, type Steps } from 'fencepost';
import { KVM_REQ_TLB_FLUSH, type Vcpu } from '../vm/kvm.ts';
import { kvmCheckRequest, kvmMakeRequest } from './requests.ts';
import { requestFence } from '../sites/guest-entry.ts';

/** The word that one requester changes, and what the vCPU found in it when it last served a request. */
export interface Payload {
  readonly word: Location;
  readonly served: Location;
}

export function payload({ kvm }: Vcpu, requester: string): Payload {
  const { memory } = kvm;
  return { word: memory.location(`payload_${requester}`), served: memory.location(`served_${requester}`) };
}

/** Changes the word, and asks the vCPU to look; the vCPU is outside guest mode, and is not kicked. */
export function* requestWith(vcpu: Vcpu, { word }: Payload): Steps {
  yield* writeOnce(word, 1);
  yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH, () => fenceAt(requestFence));
}

/** One look at the request, as before a guest entry. */
export function* lookOnce(vcpu: Vcpu, payloads: readonly Payload[]): Steps {
  yield* kvmCheckRequest(vcpu, KVM_REQ_TLB_FLUSH, () => call('serve', serve(payloads)));
}

function* serve(payloads: readonly Payload[]): Steps {
  for (const { word, served } of payloads) {
    const found = yield* readOnce(word);
    yield* writeOnce(served, found.value, { data: [found] });
  }
}

/** I11: where no request is pending any more, each has been served with what it was made for. */
export function requestsServed({ requests }: Vcpu, payloads: readonly Payload[]): Property {
  return {
    name: 'request-not-lost',
    doc: 'when no request is pending, the last one served has seen what every requester had written',
    check(final) {
      if (final.value(requests) !== 0) return undefined;
      const lost = payloads.find(({ word, served }) => final.value(word) !== final.value(served));
      return (
        lost && `no request is pending, and nobody has seen ${lost.word.name} = ${final.value(lost.word)}`
      );
    },
  };
}
