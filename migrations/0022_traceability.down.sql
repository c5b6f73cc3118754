DROP TABLE trace_differences;
DROP TABLE trace_line;
DROP TABLE trace_reports;
