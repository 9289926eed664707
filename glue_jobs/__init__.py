"""The shell: settings, the lake, jobs, quality gate, publishing and the command line."""
