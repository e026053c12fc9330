/** What other commands ask of a running agent at its socket, and how it answers. */
import { z } from 'zod';
import { EnrollmentError, parseEnrollment, type Enrollment } from '#protocol/enrollment.ts';
import type { Failure } from '../link/outcome.ts';
import type { AgentStatus } from './agent-status.ts';
import type { Answer } from './local-socket.ts';

const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('status') }),
  /** `enrollment`: the enrollment string. `as_new`: as another device than it is. */
  z.object({ ask: z.literal('join'), enrollment: z.string(), as_new: z.boolean().default(false) }),
]);
export type Question = z.input<typeof question>;

/** The answer to `join`: the device that this machine is now, or why not. */
export const joinAnswer = z.union([
  z.object({ device_id: z.string(), server: z.string() }),
  z.object({ problem: z.string() }),
]);
export type JoinAnswer = z.infer<typeof joinAnswer>;

interface AnswerParts {
  readonly report: () => AgentStatus;
  readonly joinWith: (enrollment: Enrollment, asNew: boolean) => Promise<Failure | undefined>;
  /** The device and the server after that. */
  readonly joined: () => { readonly device_id: string; readonly server: string };
}

/** [G6] Answers are about this agent alone, and nothing that is asked is executed. */
export function createAnswers({ report, joinWith, joined }: AnswerParts): Answer {
  const join = async (text: string, asNew: boolean): Promise<JoinAnswer> => {
    try {
      const failure = await joinWith(parseEnrollment(text), asNew);
      return failure === undefined ? joined() : { problem: failure.reason };
    } catch (error) {
      if (error instanceof EnrollmentError) return { problem: error.message };
      throw error;
    }
  };
  return (text) => {
    const asked = question.parse(JSON.parse(text));
    return asked.ask === 'join' ? join(asked.enrollment, asked.as_new) : Promise.resolve(report());
  };
}
