"""The command line: enrolment, following a video, accounts, exports, retention."""
