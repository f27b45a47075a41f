foreach(name HOMEPAGE CATEGORY CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS)
  record(extension ${name} "${EXTENSION_${name}}")
endforeach()
