/** `jppnet/vue`: a photo's analysis as a composable. */
import { type MaybeRefOrGetter, type ShallowRef, shallowRef, toValue, watchEffect } from "vue";

import type { AnalysisOptions, Analyzer } from "./analyzer.js";
import type { AnalyzeAnswer } from "./types.js";

export type { AnalysisOptions, Analyzer } from "./analyzer.js";

export interface AnalysisRefs {
  /** The answer to the photo; undefined until it is there. */
  answer: Readonly<ShallowRef<AnalyzeAnswer | undefined>>;
  /** Why there is none: a `ProblemError`, or another one. */
  error: Readonly<ShallowRef<unknown>>;
  /** Whether an answer is being waited for. */
  pending: Readonly<ShallowRef<boolean>>;
  /** An address for `<img :src>` that shows the photo; it is revoked when the photo changes or the component goes. */
  url: Readonly<ShallowRef<string | undefined>>;
}

/** Analyses a photo, and the next one when it changes: the call before it is aborted. */
export function useAnalysis(
  jppnet: Analyzer,
  photo: MaybeRefOrGetter<Blob | null | undefined>,
  options: MaybeRefOrGetter<AnalysisOptions> = {},
): AnalysisRefs {
  const answer = shallowRef<AnalyzeAnswer>();
  const error = shallowRef<unknown>();
  const pending = shallowRef(false);
  const url = shallowRef<string>();
  watchEffect((onCleanup) => {
    const file = toValue(photo);
    answer.value = error.value = url.value = undefined;
    pending.value = Boolean(file);
    if (!file) return;
    const address = (url.value = URL.createObjectURL(file));
    const controller = new AbortController();
    const { signal } = controller;
    onCleanup(() => {
      controller.abort();
      URL.revokeObjectURL(address);
    });
    const settle = (store: () => void) => {
      if (signal.aborted) return;
      pending.value = false;
      store();
    };
    jppnet.analyze(file, { ...toValue(options), signal }).then(
      (found) => settle(() => (answer.value = found)),
      (reason: unknown) => settle(() => (error.value = reason)),
    );
  });
  return { answer, error, pending, url };
}
