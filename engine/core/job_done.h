/*
 * What came of a job. The core thread's.
 */
#ifndef ENGINE_CORE_JOB_DONE_H
#define ENGINE_CORE_JOB_DONE_H

#include "state.h"

/* Takes the job's answer and gives its slot back; the job is still on the list after that. */
void job_done(struct engine *e, struct job *job);

#endif
