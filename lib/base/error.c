/* Names and texts of the error codes. */
#include <svcroute/error.h>

static const struct {
    const char *name, *text;
} errors[] = {
#define ROW(code, text) [-(code)] = {#code, text}
    ROW(SVCROUTE_OK, "success"),
    ROW(SVCROUTE_ERR_NOMEM, "out of memory"),
    ROW(SVCROUTE_ERR_INVALID, "an argument is outside its range"),
    ROW(SVCROUTE_ERR_STRUCT_SIZE, "the size of a struct is too small or absurd"),
    ROW(SVCROUTE_ERR_STRUCT_NEW, "a struct asks for what this release does not know"),
    ROW(SVCROUTE_ERR_LIMIT, "a limit of the context was reached"),
    ROW(SVCROUTE_ERR_SYNTAX, "the bytes are neither YAML nor JSON"),
    ROW(SVCROUTE_ERR_SEQUENCE, "calls of a builder came in an order that makes no tree"),
    ROW(SVCROUTE_ERR_STATE, "the object is not in a state that allows this call"),
    ROW(SVCROUTE_ERR_NOT_FOUND, "there is no such thing"),
    ROW(SVCROUTE_ERR_END, "nothing more comes"),
    ROW(SVCROUTE_ERR_REJECTED, "the object was refused"),
    ROW(SVCROUTE_ERR_START_OVER, "the watch is out of date: list again, then watch"),
    ROW(SVCROUTE_ERR_SPACE, "the buffer is too small"),
    ROW(SVCROUTE_ERR_CRYPTO, "the digest library failed"),
    ROW(SVCROUTE_ERR_SCOPE, "the object is outside the kind or namespace of the relist"),
    ROW(SVCROUTE_ERR_NO_SERVER, "no server can take the request"),
    ROW(SVCROUTE_ERR_GONE, "the route or service is no more"),
    ROW(SVCROUTE_ERR_BODY_TOO_LARGE, "the body is longer than the failover keeps"),
    ROW(SVCROUTE_ERR_ALL_TRIED, "every server was tried"),
    ROW(SVCROUTE_ERR_BAD_REQUEST, "the request is malformed"),
#undef ROW
};

static bool is_known(int code)
{
    return code <= 0 && code > -(int)(sizeof(errors) / sizeof(errors[0]));
}

const char *svcroute_error_name(int code)
{
    return is_known(code) ? errors[-code].name : "SVCROUTE_ERR_UNKNOWN";
}

const char *svcroute_error_text(int code)
{
    return is_known(code) ? errors[-code].text : "unknown error";
}
