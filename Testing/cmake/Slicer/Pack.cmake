record(packed ${PROJECT_NAME})
